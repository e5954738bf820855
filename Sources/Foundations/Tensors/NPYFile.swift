/// NumPy's single-array format, for tensors of images (format description: NumPy's `NEP 1`).
public enum NPYFile {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The largest header that is accepted, as NumPy's own limit.
  package static let maximumHeader = 10_000

  /// Reads an array of little-endian float32 in C order.
  /// - Throws: `InputError` naming the field of the header that is something else, or if there is no
  ///   memory for the values.
  public static func readFloat32(path: String) throws -> (shape: [Int], values: [Float]) {
    let view = try view(path: path)
    try ByteBuffer.require(view.byteCount, for: path)
    return (view.shape.extents, view.float32Values())
  }

  /// What the arrays of images are made of.
  private static let descriptors: [(text: String, dtype: DType, words: String)] = [
    ("<f4", .float32, "little-endian float32"), ("|u1", .uint8, "bytes"),
  ]

  /// An array in C order, left where it is.
  /// - Parameter takesBytes: whether its elements may be uint8, too; otherwise they are float32.
  /// - Throws: `InputError` naming the field of the header that is something else.
  package static func view(path: String, takesBytes: Bool = false) throws -> TensorView {
    let file = try MappedFile(path: path)
    return try file.withBytes {
      try view($0, in: .file(file), file: path, takesBytes: takesBytes)
    }
  }

  /// As ``view(path:takesBytes:)``, of an array in memory, which errors call `file`.
  package static func view(_ buffer: ByteBuffer, file: String, takesBytes: Bool = false) throws
    -> TensorView
  {
    try view(
      UnsafeRawBufferPointer(buffer.bytes), in: .memory(buffer), file: file,
      takesBytes: takesBytes)
  }

  private static func view(
    _ bytes: UnsafeRawBufferPointer, in storage: TensorView.Storage, file path: String,
    takesBytes: Bool
  ) throws -> TensorView {
    let header = try NPYHeader(bytes, file: path)
    let allowed = descriptors.prefix(takesBytes ? 2 : 1)
    guard let dtype = allowed.first(where: { $0.text == header.descriptor })?.dtype else {
      throw InputError(
        file: path, field: "descr",
        expected: allowed.map { "'\($0.text)' (\($0.words))" }.joined(separator: " or "),
        found: "'\(header.descriptor)'")
    }
    guard !header.isColumnMajor else {
      throw InputError(
        file: path, field: "fortran_order", expected: "False", found: "True")
    }
    guard
      let view = TensorView(
        dtype: dtype, shape: header.shape, storage: storage,
        range: header.dataOffset..<bytes.count)
    else {
      throw InputError(
        file: path, field: "data",
        expected: "\(header.shape.byteCount(of: dtype) ?? 0) bytes for \(header.shape)",
        found: "\(bytes.count - header.dataOffset) bytes")
    }
    return view
  }

  /// Writes an array of float32 in C order; it appears whole or not at all.
  /// - Throws: `InputError` if the values do not fill the shape, or the file cannot be written.
  public static func write(_ values: [Float], shape: [Int], to path: String) throws {
    guard Shape(checking: shape)?.elementCount == values.count else {
      throw InputError(
        .invalidOption, file: path, field: "shape", expected: "one of \(values.count) elements",
        found: "\(shape)")
    }
    try values.withUnsafeBufferPointer { try write($0, shape: shape, to: path) }
  }

  /// As ``write(_:shape:to:)-([Float],_,_)``.
  package static func write(
    _ values: UnsafeBufferPointer<Float>, shape: [Int], to path: String
  ) throws {
    var output = try OutputFile(path: path)
    try output.append(header(of: values.count, shape: shape))
    try output.append(UnsafeRawBufferPointer(values))
    try output.commit()
  }

  /// What a file has in front of `count` values.
  /// - Parameter least: how many bytes it has at least, a multiple of 64.
  package static func header(of count: Int, shape: [Int], least: Int = 0) -> [UInt8] {
    precondition(count == shape.reduce(1, *), "values fill the shape")
    let extents = shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
    let unpadded = magic.count + 4 + header.utf8.count + 1
    header += String(repeating: " ", count: max(least, (unpadded + 63) / 64 * 64) - unpadded) + "\n"
    let length = UInt16(header.utf8.count)
    return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8)
  }

  /// A parsed header.
  package struct NPYHeader {
    /// NumPy's type string, e.g. `<f4`.
    package let descriptor: String

    /// The first axis varies fastest.
    package let isColumnMajor: Bool

    /// The array's extents.
    package let shape: Shape

    /// Where the data begins.
    package let dataOffset: Int

    /// Parses the header of `bytes`, a Python dictionary literal of exactly three keys.
    /// - Parameter member: the array's name inside `file`, for errors, if it is not all of it.
    package init(_ bytes: UnsafeRawBufferPointer, file: String, member: String? = nil) throws {
      func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
        let place = member.map { "\($0), \(field)" } ?? field
        return InputError(file: file, field: place, expected: expected, found: found)
      }
      guard bytes.count >= 10, bytes[0..<6].elementsEqual(NPYFile.magic) else {
        throw fail("magic", "a NumPy array", "another kind of file")
      }
      let version = bytes[6]
      guard (1...3).contains(version) else { throw fail("version", "1, 2 or 3", "\(version)") }
      let start = version == 1 ? 10 : 12
      guard bytes.count >= start else { throw fail("header", "\(start) bytes", "\(bytes.count)") }
      let length =
        version == 1
        ? Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
        : Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
      guard length <= NPYFile.maximumHeader, length <= bytes.count - start else {
        throw fail(
          "header length", "at most \(min(NPYFile.maximumHeader, bytes.count - start))",
          "\(length)")
      }
      let text = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
      var literal = PythonLiteral(text, fail: fail)
      (descriptor, isColumnMajor, shape) = try literal.header()
      dataOffset = start + length
    }
  }
}

/// The subset of Python that NumPy's headers are written in.
private struct PythonLiteral {
  private let bytes: UnsafeRawBufferPointer
  private let fail: (String, String, String) -> InputError
  private var offset = 0

  init(
    _ bytes: UnsafeRawBufferPointer, fail: @escaping (String, String, String) -> InputError
  ) {
    self.bytes = bytes
    self.fail = fail
  }

  mutating func header() throws -> (String, Bool, Shape) {
    var descriptor: String?
    var isColumnMajor: Bool?
    var shape: Shape?
    try expect("{")
    while !take("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descriptor == nil:
        guard peek() == UInt8(ascii: "'") || peek() == UInt8(ascii: "\"") else {
          throw fail("descr", "a type string", "a structured type")
        }
        descriptor = try string()
      case "fortran_order" where isColumnMajor == nil:
        if take("True") {
          isColumnMajor = true
        } else if take("False") {
          isColumnMajor = false
        } else {
          throw unexpected("True or False")
        }
      case "shape" where shape == nil: shape = try self.shape()
      default: throw fail("header", "descr, fortran_order and shape, each once", "'\(key)'")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard offset == bytes.count else { throw unexpected("the end of the header") }
    guard let descriptor, let isColumnMajor, let shape else {
      throw fail("header", "descr, fortran_order and shape", "fewer keys")
    }
    return (descriptor, isColumnMajor, shape)
  }

  private mutating func shape() throws -> Shape {
    var extents: [Int] = []
    try expect("(")
    while !take(")") {
      extents.append(try integer())
      if !take(",") {
        try expect(")")
        break
      }
    }
    guard extents.count <= 32, let shape = Shape(checking: extents),
      shape.byteCount(of: .float64) != nil
    else { throw fail("shape", "a size that can be addressed", "\(extents)") }
    return shape
  }

  private mutating func integer() throws -> Int {
    skipSpace()
    let start = offset
    while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) {
      offset += 1
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    guard let value = Int(text) else { throw unexpected("an extent from 0 to 2^63 - 1") }
    return value
  }

  private mutating func string() throws -> String {
    skipSpace()
    guard let quote = peek(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw unexpected("a string")
    }
    offset += 1
    let start = offset
    while offset < bytes.count, bytes[offset] != quote, bytes[offset] != UInt8(ascii: "\\") {
      offset += 1
    }
    guard offset < bytes.count, bytes[offset] == quote else { throw unexpected("a closing quote") }
    offset += 1
    return String(decoding: bytes[start..<(offset - 1)], as: UTF8.self)
  }

  private mutating func peek() -> UInt8? {
    skipSpace()
    return offset < bytes.count ? bytes[offset] : nil
  }

  private mutating func skipSpace() {
    while offset < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
  }

  private mutating func take(_ token: String) -> Bool {
    skipSpace()
    let count = token.utf8.count
    guard bytes.count - offset >= count, bytes[offset..<(offset + count)].elementsEqual(token.utf8)
    else { return false }
    offset += count
    return true
  }

  private mutating func expect(_ token: String) throws {
    guard take(token) else { throw unexpected("'\(token)'") }
  }

  private func unexpected(_ expected: String) -> InputError {
    let rest = String(decoding: bytes[offset...].prefix(12), as: UTF8.self)
    return fail("header at byte \(offset)", expected, rest.isEmpty ? "its end" : "'\(rest)'")
  }
}
