internal import Tensors

/// What the header of an `.npy` member says about its data.
struct ArrayLayout {
  private let dtype: DType
  private let isBigEndian: Bool
  private let header: NPYFile.NPYHeader

  /// Parses the beginning of a member.
  /// - Throws: `InputError` if the member's declared size is not header + shape x type.
  init(_ bytes: UnsafeRawBufferPointer, _ entry: ZipEntry, file: String) throws {
    header = try NPYFile.NPYHeader(bytes, file: file, member: entry.name)
    (dtype, isBigEndian) = try Self.type(header.descriptor, entry, file: file)
    let data = entry.size - header.dataOffset
    guard header.shape.byteCount(of: dtype) == data else {
      let needed = header.shape.byteCount(of: dtype).map { "\($0) bytes" } ?? "fewer elements"
      throw InputError.archive(
        file, "\(entry.name), shape",
        expected: "\(needed) for \(header.shape) of \(dtype.rawValue)", found: "\(data) bytes")
    }
  }

  /// NumPy's type string: byte order, kind, bytes.
  private static func type(_ text: String, _ entry: ZipEntry, file: String) throws -> (DType, Bool)
  {
    let types: [Substring: DType] = [
      "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32,
      "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
    ]
    if let order = text.first, "<>|=".contains(order), let dtype = types[text.dropFirst()],
      order != "|" || dtype.byteCount == 1
    {
      return (dtype, order == ">")
    }
    throw InputError.archive(
      file, "\(entry.name), descr", expected: "floats, integers or Booleans, e.g. '<f4'",
      found: text.contains("O") ? "objects: pickled data is refused" : "'\(text)'")
  }

  /// The array, whose member begins at byte `start` of `storage`.
  func view(_ storage: TensorView.Storage, from start: Int, _ entry: ZipEntry, file: String) throws
    -> TensorView
  {
    guard
      let view = TensorView(
        dtype: dtype, shape: header.shape, storage: storage,
        range: (start + header.dataOffset)..<(start + entry.size), isBigEndian: isBigEndian,
        isColumnMajor: header.isColumnMajor)
    else {
      throw InputError.archive(
        file, entry.name, expected: "data for \(header.shape)", found: "\(entry.size) bytes")
    }
    return view
  }
}
