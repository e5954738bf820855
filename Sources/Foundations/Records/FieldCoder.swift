/// Visits the fields of a record in their order on disk.
///
/// One `code(fields:)` method on each record serves reading, writing and printing: a reader assigns
/// through the `inout` parameter, a writer and a printer only look at it. The three can therefore
/// never disagree about the order or the type of a field.
package protocol FieldCoder {
  /// Codes an integer: little-endian two's complement, 8 bytes.
  mutating func code(_ name: StaticString, _ value: inout Int) throws

  /// Codes a float: IEEE 754 binary32, little-endian, 4 bytes.
  mutating func code(_ name: StaticString, _ value: inout Float) throws

  /// Codes a Boolean: one byte, 0 or 1.
  mutating func code(_ name: StaticString, _ value: inout Bool) throws

  /// Codes text: length in bytes as 4 bytes, then UTF-8.
  mutating func code(_ name: StaticString, _ value: inout String) throws

  /// Codes integers: count as 4 bytes, then 8 bytes each.
  mutating func code(_ name: StaticString, _ value: inout [Int]) throws

  /// Codes floats: count as 4 bytes, then 4 bytes each.
  mutating func code(_ name: StaticString, _ value: inout [Float]) throws

  /// Codes a list of records: count as 4 bytes, then each record's fields.
  mutating func code<R: Record>(_ name: StaticString, list value: inout [R]) throws

  /// Codes a record in place: its fields, nothing around them.
  mutating func code<R: Record>(_ name: StaticString, record value: inout R) throws

  /// Codes an optional record: one byte 0 or 1, then, after 1, its fields.
  mutating func code<R: Record>(_ name: StaticString, optional value: inout R?) throws

  /// Codes a choice from a fixed list: one byte, the raw value.
  mutating func code<E: Choice>(_ name: StaticString, choice value: inout E) throws
}

/// A value with a fixed sequence of fields.
package protocol Record: Sendable {
  /// A value whose fields are about to be read.
  init()

  /// Visits every field in order.
  mutating func code<C: FieldCoder>(fields coder: inout C) throws
}

/// An enumeration stored as one byte.
package protocol Choice: Sendable, RawRepresentable, CaseIterable where RawValue == UInt8 {
  /// The word that dumps and error messages use.
  var word: String { get }
}

extension Choice {
  /// The case's own name.
  package var word: String { "\(self)" }
}

extension FieldCoder {
  /// Codes an optional integer that is never negative: -1 stands for none.
  package mutating func code(_ name: StaticString, optional value: inout Int?) throws {
    var stored = value ?? -1
    try code(name, &stored)
    value = stored < 0 ? nil : stored
  }
}
