package import JSON

/// Makes JSON of a record: an object with a member for each field, in order, of which ``JSONRecordReader`` makes
/// the record again.
package struct JSONRecordWriter: FieldCoder {
  private var members: [JSONMember] = []

  private init() {}

  /// The fields of one record. Numbers that are not finite have no JSON and are null.
  package static func object(of record: some Record) -> JSONValue {
    var writer = JSONRecordWriter()
    var copy = record
    // Writing to memory cannot fail; only readers throw.
    try? copy.code(fields: &writer)
    return .object(writer.members)
  }

  private mutating func add(_ name: StaticString, _ value: JSONValue) {
    members.append(JSONMember("\(name)", value))
  }

  private static func number(_ value: Float) -> JSONValue {
    value.isFinite ? .number("\(value)") : .null
  }

  package mutating func code(_ name: StaticString, _ value: inout Int) {
    add(name, JSONValue(value))
  }

  package mutating func code(_ name: StaticString, _ value: inout Float) {
    add(name, Self.number(value))
  }

  package mutating func code(_ name: StaticString, _ value: inout Bool) { add(name, .bool(value)) }

  package mutating func code(_ name: StaticString, _ value: inout String) {
    add(name, .string(value))
  }

  package mutating func code(_ name: StaticString, _ value: inout [Int]) {
    add(name, .array(value.map { JSONValue($0) }))
  }

  package mutating func code(_ name: StaticString, _ value: inout [Float]) {
    add(name, .array(value.map(Self.number)))
  }

  package mutating func code<R: Record>(_ name: StaticString, list value: inout [R]) {
    add(name, .array(value.map(Self.object)))
  }

  package mutating func code<R: Record>(_ name: StaticString, record value: inout R) {
    add(name, Self.object(of: value))
  }

  package mutating func code<R: Record>(_ name: StaticString, optional value: inout R?) {
    add(name, value.map(Self.object) ?? .null)
  }

  package mutating func code<E: Choice>(_ name: StaticString, choice value: inout E) {
    add(name, .string(value.word))
  }
}
