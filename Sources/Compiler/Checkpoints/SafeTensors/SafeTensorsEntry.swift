internal import JSON
internal import Tensors

/// One tensor of a safetensors header: `{"dtype": "F32", "shape": [..], "data_offsets": [b, e]}`.
struct SafeTensorsEntry {
  let name: String
  let dtype: DType
  let shape: Shape

  /// Bytes, from the start of the data.
  let range: Range<Int>

  private static let dtypes: [String: DType] = [
    "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16,
    "I64": .int64, "I32": .int32, "I16": .int16, "I8": .int8,
    "U64": .uint64, "U32": .uint32, "U16": .uint16, "U8": .uint8, "BOOL": .bool,
  ]

  init(_ name: String, _ value: JSONValue, file: String) throws {
    func fail(_ field: String, _ expected: String, _ found: JSONValue?) -> InputError {
      InputError.safeTensors(
        file, "\(name), \(field)", expected: expected, found: found?.kind ?? "nothing")
    }
    guard let members = value.members, members.count == 3 else {
      throw fail("entry", "dtype, shape and data_offsets", value)
    }
    guard let word = value["dtype"]?.string, let dtype = Self.dtypes[word] else {
      let known = Self.dtypes.keys.sorted().joined(separator: ", ")
      throw fail("dtype", "one of \(known)", value["dtype"])
    }
    guard let elements = value["shape"]?.elements else {
      throw fail("shape", "an array of integers", value["shape"])
    }
    var extents: [Int] = []
    for element in elements {
      guard let extent = element.integer, extent >= 0 else {
        throw fail("shape", "integers from 0", element)
      }
      extents.append(extent)
    }
    guard let shape = Shape(checking: extents), let size = shape.byteCount(of: dtype) else {
      throw InputError.safeTensors(
        file, "\(name), shape", expected: "a size that can be addressed", found: "\(extents)")
    }
    guard let offsets = value["data_offsets"]?.elements, offsets.count == 2,
      let begin = offsets[0].integer, let end = offsets[1].integer, begin >= 0
    else { throw fail("data_offsets", "two integers from 0", value["data_offsets"]) }
    guard begin <= end else {
      throw InputError.safeTensors(
        file, "\(name), data_offsets", expected: "an end behind the beginning \(begin)",
        found: "\(end)")
    }
    guard end - begin == size else {
      throw InputError.safeTensors(
        file, "\(name), data_offsets", expected: "\(size) bytes for \(word) \(shape)",
        found: "\(end - begin) bytes")
    }
    self.name = name
    self.dtype = dtype
    self.shape = shape
    range = begin..<end
  }
}

extension InputError {
  static func safeTensors(
    _ file: String, _ tensor: String, expected: String, found: String
  ) -> InputError {
    InputError(file: file, field: tensor, expected: expected, found: found)
  }
}
