package import JSON
internal import Tensors

/// Reads a record from JSON as ``JSONRecordWriter`` makes it: an object that has every field and no other member.
package struct JSONRecordReader: FieldCoder {
  private let file: String

  /// Where the object is, for errors.
  private let place: String

  private let members: [JSONMember]

  /// The members that were read.
  private var position = 0

  private init(_ value: JSONValue, file: String, place: String) throws {
    (self.file, self.place) = (file, place)
    guard let members = value.members else {
      throw InputError(file: file, field: place, expected: "an object", found: value.kind)
    }
    self.members = members
  }

  /// The record that an object holds.
  /// - Throws: `InputError` naming `file`, `place` and the field that is missing, of another kind or not the record's.
  package static func read<R: Record>(
    _ type: R.Type, from value: JSONValue, file: String, place: String
  ) throws -> R {
    var reader = try JSONRecordReader(value, file: file, place: place)
    var record = R()
    try record.code(fields: &reader)
    if reader.position < reader.members.count {
      throw InputError(
        file: file, field: place, expected: "the fields of this version of vitc",
        found: "'\(reader.members[reader.position].name)' besides")
    }
    return record
  }

  private func field(_ name: StaticString) -> String { "\(place), \(name)" }

  private mutating func next(_ name: StaticString) throws -> JSONValue {
    guard position < members.count, members[position].name == "\(name)" else {
      throw InputError(
        file: file, field: field(name), expected: "this member",
        found: position < members.count ? "'\(members[position].name)'" : "the end")
    }
    defer { position += 1 }
    return members[position].value
  }

  private mutating func read<T>(
    _ name: StaticString, _ expected: String, _ convert: (JSONValue) -> T?
  ) throws -> T {
    let value = try next(name)
    guard let converted = convert(value) else {
      throw InputError(file: file, field: field(name), expected: expected, found: value.kind)
    }
    return converted
  }

  private static func float(_ value: JSONValue) -> Float? {
    guard case .number(let text) = value, let number = Float(text), number.isFinite else {
      return nil
    }
    return number
  }

  package mutating func code(_ name: StaticString, _ value: inout Int) throws {
    value = try read(name, "an integer", \.integer)
  }

  package mutating func code(_ name: StaticString, _ value: inout Float) throws {
    value = try read(name, "a number", Self.float)
  }

  package mutating func code(_ name: StaticString, _ value: inout Bool) throws {
    value = try read(name, "true or false", \.boolean)
  }

  package mutating func code(_ name: StaticString, _ value: inout String) throws {
    value = try read(name, "a string", \.string)
  }

  package mutating func code(_ name: StaticString, _ value: inout [Int]) throws {
    value = try read(name, "a list of integers") { value in
      value.elements.flatMap { elements in
        let integers = elements.compactMap(\.integer)
        return integers.count == elements.count ? integers : nil
      }
    }
  }

  package mutating func code(_ name: StaticString, _ value: inout [Float]) throws {
    value = try read(name, "a list of numbers") { value in
      value.elements.flatMap { elements in
        let numbers = elements.compactMap(Self.float)
        return numbers.count == elements.count ? numbers : nil
      }
    }
  }

  package mutating func code<R: Record>(_ name: StaticString, list value: inout [R]) throws {
    let elements = try read(name, "a list", \.elements)
    value = try elements.enumerated().map {
      try Self.read(R.self, from: $1, file: file, place: "\(field(name)) \($0)")
    }
  }

  package mutating func code<R: Record>(_ name: StaticString, record value: inout R) throws {
    value = try Self.read(R.self, from: try next(name), file: file, place: field(name))
  }

  package mutating func code<R: Record>(_ name: StaticString, optional value: inout R?) throws {
    let found = try next(name)
    value =
      found == .null
      ? nil : try Self.read(R.self, from: found, file: file, place: field(name))
  }

  package mutating func code<E: Choice>(_ name: StaticString, choice value: inout E) throws {
    let words = E.allCases.map(\.word)
    value = try read(name, words.joined(separator: ", ")) { value in
      E.allCases.first { $0.word == value.string }
    }
  }
}
