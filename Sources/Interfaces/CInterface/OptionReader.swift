package import JSON
internal import CLibrary
package import Tensors

/// A function's options: one JSON object, of which every member is taken by its name or is an error.
package struct OptionReader {
  private var members: [String: JSONValue] = [:]

  /// Names that the function knows.
  private var known: [String] = []

  /// - Parameter text: nil for no options.
  /// - Throws: `InputError` unless it is one JSON object that names nothing twice.
  package init(_ text: UnsafePointer<CChar>?) throws {
    guard let text else { return }
    let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
    guard let object = try Self.parsed(bytes).members else {
      throw Interface.error("options", "a JSON object", "another value")
    }
    for member in object {
      guard members.updateValue(member.value, forKey: member.name) == nil else {
        throw Self.error(member.name, "each option once", "it twice")
      }
    }
  }

  private static func parsed(_ bytes: UnsafeRawBufferPointer) throws -> JSONValue {
    do {
      return try JSONParser.parse(bytes, file: "options")
    } catch let error as InputError where error.kind == .invalidFile {
      // What a caller wrote is an argument, not a file.
      throw InputError(
        option: NamedOption(name: "options"), field: Message(error.field),
        expected: Message(error.expected), found: Message(error.found))
    }
  }

  /// The value of an option, which is then taken; null counts as none.
  package mutating func value(_ name: String) -> JSONValue? {
    known.append(name)
    guard let value = members.removeValue(forKey: name), value != .null else { return nil }
    return value
  }

  /// A whole number.
  package mutating func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = value(name) else { return nil }
    guard let number = value.integer, range.contains(number) else {
      throw Self.error(
        name, "a whole number from \(range.lowerBound) to \(range.upperBound)", value.kind)
    }
    return number
  }

  /// A finite number.
  package mutating func number(_ name: String) throws -> Double? {
    guard let value = value(name) else { return nil }
    guard let number = value.double, number.isFinite else {
      throw Self.error(name, "a number", value.kind)
    }
    return number
  }

  /// True or false.
  package mutating func flag(_ name: String, or usual: Bool = false) throws -> Bool {
    try optionalFlag(name) ?? usual
  }

  /// True or false, or nothing.
  package mutating func optionalFlag(_ name: String) throws -> Bool? {
    guard let value = value(name) else { return nil }
    guard let flag = value.boolean else { throw Self.error(name, "true or false", value.kind) }
    return flag
  }

  /// A text.
  package mutating func text(_ name: String) throws -> String? {
    guard let value = value(name) else { return nil }
    guard let text = value.string else { throw Self.error(name, "a text", value.kind) }
    return text
  }

  /// A path.
  package mutating func path(_ name: String) throws -> String? {
    try text(name).map { PathText.text(of: Array($0.utf8)) }
  }

  /// A text that stands for one of several values.
  package mutating func choice<T>(
    _ name: String, of words: [String], _ make: (String) -> T?
  ) throws -> T? {
    guard let text = try text(name) else { return nil }
    guard let value = make(text) else {
      throw Self.error(name, words.joined(separator: ", "), "'\(text)'")
    }
    return value
  }

  /// An array of what `element` makes of its values.
  package mutating func array<T>(
    _ name: String, _ expected: String, _ element: (JSONValue) -> T?
  ) throws -> [T]? {
    guard let value = value(name) else { return nil }
    guard let values = value.elements else { throw Self.error(name, expected, value.kind) }
    return try values.map {
      guard let value = element($0) else { throw Self.error(name, expected, $0.kind) }
      return value
    }
  }

  /// Throws if an option is left that nobody has taken.
  package func finish() throws {
    guard let name = members.keys.sorted().first else { return }
    throw Self.error(
      name, known.isEmpty ? "no options" : "one of \(known.joined(separator: ", "))",
      "another name")
  }

  /// An option that does not suit.
  package static func error(_ name: String, _ expected: String, _ found: String) -> InputError {
    InputError(
      option: NamedOption(name: name), field: "option", expected: "\(expected)", found: "\(found)")
  }
}
