/// A JSON value. Members keep their order and may repeat; numbers keep their text, so that a reader
/// can tell `1`, `1.0` and `1e0` apart and say what it found.
public enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// The first member with this name.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The text of a string.
  public var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// A number as a double.
  public var double: Double? {
    if case .number(let text) = self { Double(text) } else { nil }
  }

  /// A number written as an integer: no fraction, no exponent.
  public var integer: Int? {
    if case .number(let text) = self { Int(text) } else { nil }
  }

  /// A Boolean.
  public var boolean: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The elements of an array.
  public var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The members of an object.
  public var members: [JSONMember]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// What it is, in a word or by its text, for messages.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let text): text
    case .string(let text): "the string \"\(text)\""
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// A name and its value in an object.
public struct JSONMember: Sendable, Equatable {
  /// The name.
  public var name: String

  /// The value.
  public var value: JSONValue

  /// Pairs a name with a value.
  public init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByIntegerLiteral
{
  /// A string.
  public init(stringLiteral text: String) { self = .string(text) }

  /// A Boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }

  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

  /// An object; members keep their order.
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(members.map { JSONMember($0.0, $0.1) })
  }

  /// A number.
  public init(integerLiteral value: Int) { self = .number("\(value)") }

  /// A number; the shortest text that reads back as the same value, null if it is not finite.
  public init(_ value: Double) { self = value.isFinite ? .number("\(value)") : .null }

  /// A number.
  public init(_ value: Int) { self = .number("\(value)") }
}
