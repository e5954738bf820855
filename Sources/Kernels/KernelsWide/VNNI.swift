#if arch(x86_64)
  package import KernelInterface

  extension WideKernels {
    /// By AVX-512 VNNI or AVX-VNNI.
    package enum VNNI: DotKernelSet {
      package static let name: StaticString = "vnni"

      package static var tiles: TileExtents { WideKernels.tiles }

      package static func quantizedLinear(
        _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
      ) {
        multiplyQuantized(VNNIProduct.self, arguments, item: item, scratch: scratch)
      }

      package static func quantizedAttention(
        _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer
      ) {
        attend(VNNIProduct.self, layer, item: item, scratch)
      }
    }
  }

  /// In one instruction.
  enum VNNIProduct: ByteProduct {
    typealias Pairs = VNNIPairs

    @inline(__always)
    static var takesBytes: Bool { true }

    @inline(__always)
    static func rows(panels: Int) -> Int { TileShape.byteRows(panels: panels) }

    @inline(__always)
    static func element(_ group: UnsafeRawPointer) -> Lanes { spread(group) }

    @inline(__always)
    static func add(_ element: Lanes, _ weights: Lanes, _: Lanes, to sum: inout Lanes) {
      addProductsOfBytes(element, weights, to: &sum)
    }
  }

  /// Of numbers of 16 bits, in one instruction.
  enum VNNIPairs: ByteProduct {
    typealias Pairs = VNNIPairs

    @inline(__always)
    static var takesBytes: Bool { true }

    @inline(__always)
    static func rows(panels: Int) -> Int { TileShape.byteRows(panels: panels) }

    @inline(__always)
    static func element(_ group: UnsafeRawPointer) -> Lanes { spread(group) }

    @inline(__always)
    static func add(_ element: Lanes, _ weights: Lanes, _: Lanes, to sum: inout Lanes) {
      addProductsOfPairs(element, weights, to: &sum)
    }
  }
#endif
