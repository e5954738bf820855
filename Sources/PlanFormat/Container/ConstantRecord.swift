package import ModelGraph
package import Records

/// Weights in the file.
package struct ConstantRecord: Record, Equatable {
  /// The element types that weights are stored in.
  package enum Element: UInt8, Choice {
    case float32 = 0
    case float16 = 1

    /// Bytes of one element.
    package var byteCount: Int { self == .float32 ? 4 : 2 }
  }

  package var name = ""

  /// Logical shape, in PyTorch's convention.
  package var shape: [Int] = []
  package var layout = ConstantLayout.rows
  package var element = Element.float32

  /// The checkpoint's parameters that it stands for.
  package var parameters = 0

  /// Byte offset in the weights section, a multiple of 64.
  package var offset = 0

  /// Bytes, without the padding to the next multiple of 64.
  package var byteCount = 0

  /// XXH64 of those bytes, as a signed integer.
  package var checksum = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("name", &name)
    try coder.code("shape", &shape)
    try coder.code("layout", choice: &layout)
    try coder.code("element", choice: &element)
    try coder.code("parameters", &parameters)
    try coder.code("offset", &offset)
    try coder.code("byte_count", &byteCount)
    try coder.code("checksum", &checksum)
  }
}
