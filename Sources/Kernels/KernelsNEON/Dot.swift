internal import CVectorExtras
package import KernelInterface

extension NEONKernels {
  /// By `sdot` (FEAT_DotProd).
  package enum Dot: DotKernelSet {
    package static let name: StaticString = "dot"

    package static var tiles: TileExtents { NEONKernels.tiles }

    package static func quantizedLinear(
      _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
    ) {
      multiplyQuantized(DotProduct.self, arguments, item: item, scratch: scratch)
    }

    package static func quantizedAttention(
      _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer
    ) {
      attend(DotProduct.self, layer, item: item, scratch)
    }
  }
}

/// In one instruction for bytes that all have a sign: 128 is taken from each of a row's, and sums begin at 128 times those
/// of the weights.
enum DotProduct: ByteProduct {
  typealias Pairs = WidePairs

  @inline(__always)
  static var takesBytes: Bool { true }

  @inline(__always)
  static func rows(panels: Int) -> Int { TileShape.byteRows(panels: panels) }

  @inline(__always)
  static func element(_ group: UnsafeRawPointer) -> Lanes {
    let four = group.loadUnaligned(as: UInt32.self) ^ 0x8080_8080
    return Lanes(repeating: Int32(bitPattern: four))
  }

  @inline(__always)
  static func add(_ element: Lanes, _ weights: Lanes, _: Lanes, to sum: inout Lanes) {
    sum.first = cve_sdot(sum.first, element.first, weights.first)
    sum.second = cve_sdot(sum.second, element.first, weights.second)
    sum.third = cve_sdot(sum.third, element.first, weights.third)
    sum.fourth = cve_sdot(sum.fourth, element.first, weights.fourth)
  }

  @inline(__always)
  static func start<Ending: SumEnding>(
    _ panel: Int, of right: BytePanels, groups: Int, _ ending: Ending
  ) -> Lanes {
    (ending.integerSums(panel) ?? columnSums(right.start + panel &* right.panelBytes, groups))
      &<< 7
  }

  /// Sums of the integers of a panel's columns.
  @inline(never)
  private static func columnSums(_ panel: UnsafeRawPointer, _ groups: Int) -> Lanes {
    var sums = Lanes()
    for group in 0..<groups {
      let weights = (panel + 4 &* panelWidth &* group).loadUnaligned(as: Lanes.self)
      add(Lanes(repeating: 0x0101_0101), weights, Lanes(), to: &sums)
    }
    return sums
  }
}
