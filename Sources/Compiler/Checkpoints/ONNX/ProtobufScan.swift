internal import Tensors

/// Checks a model's bytes before libprotobuf-c parses them, and leaves out what it should not copy.
///
/// The result is a message of `formats/onnx.proto` without fields that are not read and without the
/// values of tensors, which are replaced by their places in the file. Its size, its number of
/// fields and its depth are bounded, and with them the memory that parsing needs.
struct ProtobufScan {
  /// How deep messages may lie in each other.
  static let maximumDepth = 100

  /// How many fields are kept. A large transformer has some ten thousand.
  static let maximumFields = 1 << 20

  /// How many bytes are kept.
  static let maximumKept = 64 << 20

  /// Files from 2 GiB on are no valid protobuf.
  static let maximumFile = Int(Int32.max)

  /// The field that stands for a tensor's values, as in `formats/onnx.proto`.
  private static let valueRangeField: UInt64 = 536_870_911

  private let bytes: UnsafeRawBufferPointer
  private let file: String
  private var kept: [UInt8] = []
  private var fields = 0

  /// The checked and shortened form of a model file.
  static func shorten(_ bytes: UnsafeRawBufferPointer, file: String) throws -> [UInt8] {
    guard bytes.count <= maximumFile else {
      throw InputError(
        file: file, field: "size",
        expected: "at most \(maximumFile) bytes; larger models keep their weights as external data",
        found: "\(bytes.count) bytes")
    }
    var scan = ProtobufScan(bytes: bytes, file: file)
    try scan.message(.model, 0..<bytes.count, depth: 1)
    return scan.kept
  }

  private init(bytes: UnsafeRawBufferPointer, file: String) {
    self.bytes = bytes
    self.file = file
  }

  private func error(at offset: Int, expected: String, found: String) -> InputError {
    InputError(file: file, field: "byte \(offset)", expected: expected, found: found)
  }

  private mutating func message(_ schema: ONNXSchema, _ range: Range<Int>, depth: Int) throws {
    guard depth <= Self.maximumDepth else {
      throw error(
        at: range.lowerBound, expected: "nesting of at most \(Self.maximumDepth)",
        found: "depth \(depth)")
    }
    var seen: UInt64 = 0
    var offset = range.lowerBound
    while offset < range.upperBound {
      let start = offset
      let tag = try varint(&offset, before: range.upperBound)
      let number = tag >> 3
      guard number > 0, tag <= UInt64(UInt32.max) else {
        throw error(at: start, expected: "a field number from 1 to 2^29 - 1", found: "\(number)")
      }
      let content = try content(wire: tag & 7, &offset, before: range.upperBound, start: start)
      guard let field = schema.field(number) else { continue }
      if !field.isRepeated {
        guard seen & (1 << number) == 0 else {
          throw error(at: start, expected: "field \(number) once", found: "it twice")
        }
        seen |= 1 << number
      }
      try keep(field, tag: tag, start..<offset, content: content, depth: depth)
    }
  }

  /// The bytes of a field's value: without their length, if they have one.
  private func content(wire: UInt64, _ offset: inout Int, before limit: Int, start: Int) throws
    -> Range<Int>
  {
    let begin = offset
    switch wire {
    case 0:
      _ = try varint(&offset, before: limit)
      return begin..<offset
    case 1, 5:
      let size = wire == 1 ? 8 : 4
      guard limit - offset >= size else {
        throw error(at: begin, expected: "\(size) bytes", found: "\(limit - offset)")
      }
      offset += size
      return begin..<offset
    case 2:
      let length = try varint(&offset, before: limit)
      guard length <= UInt64(limit - offset) else {
        throw error(
          at: begin, expected: "a length of at most the \(limit - offset) bytes left",
          found: "\(length)")
      }
      let first = offset
      offset += Int(length)
      return first..<offset
    case 3, 4: throw error(at: start, expected: "no groups", found: "wire type \(wire)")
    default: throw error(at: start, expected: "a wire type from 0 to 5", found: "\(wire)")
    }
  }

  private func varint(_ offset: inout Int, before limit: Int) throws -> UInt64 {
    let start = offset
    var value: UInt64 = 0
    for index in 0..<10 {
      guard offset < limit else {
        throw error(at: start, expected: "a whole number", found: "the end of its message")
      }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * index)
      if byte < 0x80 { return value }
    }
    throw error(at: start, expected: "a number of at most 10 bytes", found: "a longer one")
  }

  private mutating func keep(
    _ field: ONNXSchema.Field, tag: UInt64, _ whole: Range<Int>, content: Range<Int>, depth: Int
  ) throws {
    fields += 1
    guard fields <= Self.maximumFields else {
      throw error(
        at: whole.lowerBound, expected: "at most \(Self.maximumFields) fields", found: "more")
    }
    switch (field, tag & 7) {
    case (.integer, 0), (.integers, 0), (.float, 5), (.floats, 5), (.bytes, 2), (.byteStrings, 2):
      try copy(whole)
    case (.integers, 2):
      try countPacked(try Self.count(bytes, content, file: file), whole)
    case (.floats, 2):
      guard content.count % 4 == 0 else {
        throw error(
          at: content.lowerBound, expected: "a multiple of 4 bytes", found: "\(content.count)")
      }
      try countPacked(content.count / 4, whole)
    case (.text, 2), (.texts, 2):
      let text = UnsafeRawBufferPointer(rebasing: bytes[content])
      guard let valid = String(validating: text, as: UTF8.self), !valid.utf8.contains(0) else {
        throw error(at: content.lowerBound, expected: "UTF-8 text", found: "other bytes")
      }
      try copy(whole)
    case (.message(let schema), 2), (.messages(let schema), 2):
      appendVarint(tag)
      // Five bytes hold any length here; it is known once the message has been shortened.
      let place = kept.count
      kept += [0x80, 0x80, 0x80, 0x80, 0x00]
      try message(schema, content, depth: depth + 1)
      let length = kept.count - place - 5
      for index in 0..<5 {
        kept[place + index] |= UInt8((length >> (7 * index)) & 0x7F)
      }
    case (.values(let values), 2): try keepRange(values, field: tag >> 3, content)
    case (.values(.strings), _), (.values(.raw), _): throw wrongWire(tag, whole)
    case (.values, _):
      throw error(
        at: whole.lowerBound, expected: "packed values in field \(tag >> 3)",
        found: "single ones (wire type \(tag & 7))")
    default: throw wrongWire(tag, whole)
    }
  }

  private func wrongWire(_ tag: UInt64, _ whole: Range<Int>) -> InputError {
    error(
      at: whole.lowerBound, expected: "another wire type for field \(tag >> 3)",
      found: "\(tag & 7)")
  }

  /// Replaces a tensor's values by where they are.
  private mutating func keepRange(
    _ values: ONNXSchema.Values, field: UInt64, _ content: Range<Int>
  ) throws {
    if case .fixed(let size) = values, content.count % size != 0 {
      throw error(
        at: content.lowerBound, expected: "a multiple of \(size) bytes", found: "\(content.count)")
    }
    appendVarint(Self.valueRangeField << 3 | 2)
    let place = kept.count
    kept.append(0)
    for (number, value) in [
      (1, field), (2, UInt64(content.lowerBound)), (3, UInt64(content.count)),
    ] {
      appendVarint(UInt64(number) << 3)
      appendVarint(value)
    }
    kept[place] = UInt8(kept.count - place - 1)
  }

  /// Copies packed numbers, each of which needs as much memory as a field.
  private mutating func countPacked(_ count: Int, _ whole: Range<Int>) throws {
    fields += count
    guard fields <= Self.maximumFields else {
      throw error(
        at: whole.lowerBound, expected: "at most \(Self.maximumFields) fields", found: "more")
    }
    try copy(whole)
  }

  private mutating func copy(_ range: Range<Int>) throws {
    guard range.count <= Self.maximumKept - kept.count else {
      throw error(
        at: range.lowerBound, expected: "at most \(Self.maximumKept) bytes besides weights",
        found: "more")
    }
    kept.append(contentsOf: bytes[range])
  }

  private mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      kept.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    kept.append(UInt8(rest))
  }

  /// How many packed varints lie in a range.
  /// - Throws: `InputError` if one is longer than 10 bytes or cut off.
  static func count(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, file: String) throws
    -> Int
  {
    var count = 0
    var length = 0
    for offset in range {
      length += 1
      if bytes[offset] < 0x80 {
        count += 1
        length = 0
      } else if length == 10 {
        throw InputError(
          file: file, field: "byte \(offset)", expected: "a number of at most 10 bytes",
          found: "a longer one")
      }
    }
    guard length == 0 else {
      throw InputError(
        file: file, field: "byte \(range.upperBound)", expected: "a whole number",
        found: "the end of its message")
    }
    return count
  }
}
