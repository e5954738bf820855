internal import CInterface
internal import CVitc
internal import Tensors

/// A tensor as C describes it.
struct TensorArgument {
  private let tensor: vitc_tensor
  private let index: Int
  private let file: String

  /// The most axes, which keeps a wrong rank from being followed.
  private static let mostAxes = 64

  private static let types: [Int: DType] = [
    VITC_FLOAT64: .float64, VITC_FLOAT32: .float32, VITC_FLOAT16: .float16,
    VITC_BFLOAT16: .bfloat16, VITC_INT64: .int64, VITC_INT32: .int32, VITC_INT16: .int16,
    VITC_INT8: .int8, VITC_UINT64: .uint64, VITC_UINT32: .uint32, VITC_UINT16: .uint16,
    VITC_UINT8: .uint8, VITC_BOOL: .bool,
  ]

  init(_ tensor: vitc_tensor, _ index: Int, of file: String) {
    (self.tensor, self.index, self.file) = (tensor, index, file)
  }

  private func argument(_ member: String) -> String { "tensors[\(index)].\(member)" }

  func name() throws -> String { try library.text(tensor.name, argument("name")) }

  /// Its bytes, which `read` writes.
  /// - Throws: `InputError` if it does not say what it has to, there is no memory for it, or `read` does not
  ///   return 0.
  func view(_ read: (UnsafeMutableRawPointer?, Int) -> Int32) throws -> TensorView {
    guard let type = Self.types[Int(tensor.type)] else {
      throw Interface.error(argument("type"), "one of VITC_FLOAT64 to VITC_BOOL", "\(tensor.type)")
    }
    guard (0...Self.mostAxes).contains(Int(tensor.rank)) else {
      throw Interface.error(argument("rank"), "0 to \(Self.mostAxes)", "\(tensor.rank)")
    }
    let extents = try library.array(
      tensor.extents, count: Int(tensor.rank), argument("extents")
    ).map { Int($0) }
    guard let shape = Shape(checking: extents), let count = shape.byteCount(of: type) else {
      throw Interface.error(
        argument("extents"), "none below 0, and a tensor that fits into memory", "\(extents)")
    }
    let bytes = try ByteBuffer(count: count, for: file)
    // Whoever writes less than it should leaves nothing of others' memory.
    bytes.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    let status = read(bytes.bytes.baseAddress, count)
    guard status == 0 else {
      throw Interface.error("read", "0 for tensor \(index)", "\(status)")
    }
    guard
      let view = TensorView(
        dtype: type, shape: shape, storage: .memory(bytes), range: 0..<count)
    else { throw Interface.error(argument("extents"), "\(count) bytes", "others") }
    return view
  }
}
