package import ModelFacts
package import Records

/// Weights in the file.
package struct ConstantRecord: Record, Equatable {
  package var name = ""

  /// Logical shape, in PyTorch's convention.
  package var shape: [Int] = []
  package var layout = MatrixLayout.rows
  package var element = MatrixElement.float32

  /// The checkpoint's parameters that it stands for.
  package var parameters = 0

  /// Byte offset in the weights section, a multiple of 64.
  package var offset = 0

  /// Bytes, without the padding to the next multiple of 64.
  package var byteCount = 0

  /// XXH64 of those bytes, as a signed integer.
  package var checksum = 0

  package init() {}

  /// How its bytes are made of its values; nil if the layout cannot hold the shape.
  package var matrix: PackedMatrix? {
    PackedMatrix(shape: shape, layout: layout, element: element)
  }

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
