internal import Tensors

/// A strict RFC 8259 parser over untrusted bytes.
///
/// Refuses what the grammar does not allow, text that is not UTF-8, and nesting deeper than
/// ``maximumDepth``; every error names the byte where it happened.
public struct JSONParser {
  /// How deep arrays and objects may lie in each other.
  public static let maximumDepth = 64

  private let bytes: UnsafeRawBufferPointer
  private let file: String
  private let base: Int
  private var offset = 0

  /// Parses one value that takes up all of `bytes`, apart from white space around it.
  /// - Parameters:
  ///   - file: the file's name for errors.
  ///   - base: position of the first byte in that file.
  public static func parse(_ bytes: UnsafeRawBufferPointer, file: String, base: Int = 0) throws
    -> JSONValue
  {
    var parser = JSONParser(bytes: bytes, file: file, base: base)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.offset == bytes.count else {
      throw parser.error(expected: "the end of the text")
    }
    return value
  }

  private init(bytes: UnsafeRawBufferPointer, file: String, base: Int) {
    self.bytes = bytes
    self.file = file
    self.base = base
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
    var text: [UInt8] = []
    while true {
      guard offset < bytes.count else { throw error(expected: "'\"'") }
      let byte = bytes[offset]
      switch byte {
      case UInt8(ascii: "\""):
        guard let valid = String(validating: text, as: UTF8.self) else {
          throw error(expected: "UTF-8 text before this byte", found: "other bytes")
        }
        offset += 1
        return valid
      case UInt8(ascii: "\\"):
        offset += 1
        try escape(into: &text)
      case 0..<0x20: throw error(expected: "no control character in a string")
      default:
        text.append(byte)
        offset += 1
      }
    }
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    guard offset < bytes.count else { throw error(expected: "an escape") }
    let plain: [UInt8: UInt8] = [
      UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F,
      UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
      UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
    ]
    if let byte = plain[bytes[offset]] {
      text.append(byte)
      offset += 1
      return
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
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = UnicodeScalar(code) else {
      throw error(expected: "a character", found: "half a surrogate pair")
    }
    text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
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
