internal import Tensors

/// A strict RFC 8259 parser over untrusted bytes.
///
/// Refuses what the grammar does not allow, text that is not UTF-8, nesting deeper than
/// ``maximumDepth`` and more values than the caller expects, which bounds the memory that hostile
/// text can ask for; every error names the byte where it happened.
public struct JSONParser {
  /// How deep arrays and objects may lie in each other.
  public static let maximumDepth = 64

  /// How many values a text may hold unless its caller expects more. A configuration that names 22,000
  /// classes both ways has 44,000.
  public static let usualMaximumValues = 1 << 17

  private let bytes: UnsafeRawBufferPointer
  private let file: String
  private let base: Int
  private var offset = 0
  private let maximumValues: Int
  private var values = 0

  /// Parses one value that takes up all of `bytes`, apart from white space around it.
  /// - Parameters:
  ///   - file: the file's name for errors.
  ///   - base: position of the first byte in that file.
  ///   - maximumValues: how many values the text may hold.
  public static func parse(
    _ bytes: UnsafeRawBufferPointer, file: String, base: Int = 0,
    maximumValues: Int = usualMaximumValues
  ) throws -> JSONValue {
    var parser = JSONParser(bytes: bytes, file: file, base: base, maximumValues: maximumValues)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.offset == bytes.count else {
      throw parser.error(expected: "the end of the text")
    }
    return value
  }

  private init(bytes: UnsafeRawBufferPointer, file: String, base: Int, maximumValues: Int) {
    self.bytes = bytes
    self.file = file
    self.base = base
    self.maximumValues = maximumValues
  }

  private func error(expected: String) -> InputError {
    let found: String
    if offset >= bytes.count {
      found = "the end of the text"
    } else if (0x21...0x7E).contains(bytes[offset]) {
      found = "'\(Character(UnicodeScalar(bytes[offset])))'"
    } else {
      found = "byte \(bytes[offset])"
    }
    return error(expected: expected, found: found)
  }

  private func error(expected: String, found: String) -> InputError {
    InputError(
      file: file, field: "JSON at byte \(base + offset)", expected: expected, found: found)
  }

  private mutating func skipSpace() {
    while offset < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
  }

  private mutating func value(depth: Int) throws -> JSONValue {
    skipSpace()
    guard offset < bytes.count else { throw error(expected: "a value") }
    values += 1
    guard values <= maximumValues else {
      throw error(expected: "at most \(maximumValues) values", found: "more")
    }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default: throw error(expected: "a value")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
    for index in 0..<word.utf8CodeUnitCount {
      guard offset < bytes.count, bytes[offset] == word.utf8Start[index] else {
        throw error(expected: "\(word)")
      }
      offset += 1
    }
    return value
  }

  private mutating func enter(_ depth: Int) throws {
    guard depth < Self.maximumDepth else {
      throw error(
        expected: "nesting of at most \(Self.maximumDepth)", found: "depth \(depth + 1)")
    }
    offset += 1
    skipSpace()
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard offset < bytes.count, bytes[offset] == byte else { return false }
    offset += 1
    return true
  }

  private mutating func array(depth: Int) throws -> JSONValue {
    try enter(depth)
    var elements: [JSONValue] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw error(expected: "',' or ']'") }
    }
  }

  private mutating func object(depth: Int) throws -> JSONValue {
    try enter(depth)
    var members: [JSONMember] = []
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
        throw error(expected: "a member's name")
      }
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error(expected: "':'") }
      members.append(JSONMember(name, try value(depth: depth + 1)))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw error(expected: "',' or '}'") }
    }
  }

  private mutating func number() throws -> String {
    let start = offset
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    return String(decoding: bytes[start..<offset], as: UTF8.self)
  }

  private mutating func digits() throws {
    let start = offset
    while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) {
      offset += 1
    }
    guard offset > start else { throw error(expected: "a digit") }
  }

  private mutating func string() throws -> String {
    offset += 1
    let start = try plainText()
    if take(UInt8(ascii: "\"")) { return start }
    // Bytes, since a string that grows by single characters is slow.
    var text = Array(start.utf8)
    while !take(UInt8(ascii: "\"")) {
      guard offset < bytes.count else { throw error(expected: "'\"'") }
      guard take(UInt8(ascii: "\\")) else {
        throw error(expected: "no control character in a string")
      }
      text.append(contentsOf: UTF8.encode(try escape()) ?? UTF8.encodedReplacementCharacter)
      text.append(contentsOf: try plainText().utf8)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The text up to the next quote, escape or control character.
  private mutating func plainText() throws -> String {
    let start = offset
    while offset < bytes.count, bytes[offset] >= 0x20, bytes[offset] != UInt8(ascii: "\""),
      bytes[offset] != UInt8(ascii: "\\")
    {
      offset += 1
    }
    guard offset > start else { return "" }
    let plain = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
    guard let text = String(validating: plain, as: UTF8.self) else {
      throw error(expected: "UTF-8 text before this byte", found: "other bytes")
    }
    return text
  }

  /// The character that an escape stands for; its backslash has been taken.
  private mutating func escape() throws -> UnicodeScalar {
    guard offset < bytes.count else { throw error(expected: "an escape") }
    let plain: UnicodeScalar? =
      switch bytes[offset] {
      case UInt8(ascii: "\""): "\""
      case UInt8(ascii: "\\"): "\\"
      case UInt8(ascii: "/"): "/"
      case UInt8(ascii: "b"): "\u{8}"
      case UInt8(ascii: "f"): "\u{C}"
      case UInt8(ascii: "n"): "\n"
      case UInt8(ascii: "r"): "\r"
      case UInt8(ascii: "t"): "\t"
      default: nil
      }
    if let plain {
      offset += 1
      return plain
    }
    guard take(UInt8(ascii: "u")) else { throw error(expected: "an escape") }
    var code = try codeUnit()
    if (0xD800..<0xDC00).contains(code) {
      guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
        throw error(expected: "the second half of a surrogate pair")
      }
      let low = try codeUnit()
      guard (0xDC00..<0xE000).contains(low) else {
        throw error(expected: "the second half of a surrogate pair", found: "another character")
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
    }
    guard let scalar = UnicodeScalar(code) else {
      throw error(expected: "a character", found: "half a surrogate pair")
    }
    return scalar
  }

  private mutating func codeUnit() throws -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard offset < bytes.count,
        let digit = Character(UnicodeScalar(bytes[offset])).hexDigitValue, bytes[offset] < 0x80
      else { throw error(expected: "four hexadecimal digits") }
      code = code << 4 | UInt32(digit)
      offset += 1
    }
    return code
  }
}
