/// Appends records to a byte array, in the layout that ``FieldCoder`` documents.
package struct RecordWriter: FieldCoder {
  /// What has been written so far.
  package private(set) var bytes: [UInt8] = []

  /// Starts with nothing written.
  package init() {}

  /// The bytes of one record.
  package static func bytes(of record: some Record) throws -> [UInt8] {
    var writer = RecordWriter()
    var copy = record
    try copy.code(fields: &writer)
    return writer.bytes
  }

  /// Appends a fixed-width integer, little-endian.
  package mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func code(_ name: StaticString, _ value: inout Int) {
    append(Int64(value))
  }

  package mutating func code(_ name: StaticString, _ value: inout Float) {
    append(value.bitPattern)
  }

  package mutating func code(_ name: StaticString, _ value: inout Bool) {
    bytes.append(value ? 1 : 0)
  }

  package mutating func code(_ name: StaticString, _ value: inout String) {
    append(UInt32(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }

  package mutating func code(_ name: StaticString, _ value: inout [Int]) {
    append(UInt32(value.count))
    for element in value { append(Int64(element)) }
  }

  package mutating func code(_ name: StaticString, _ value: inout [Float]) {
    append(UInt32(value.count))
    for element in value { append(element.bitPattern) }
  }

  package mutating func code<R: Record>(_ name: StaticString, list value: inout [R]) throws {
    append(UInt32(value.count))
    for index in value.indices { try value[index].code(fields: &self) }
  }

  package mutating func code<R: Record>(_ name: StaticString, record value: inout R) throws {
    try value.code(fields: &self)
  }

  package mutating func code<R: Record>(_ name: StaticString, optional value: inout R?) throws {
    bytes.append(value == nil ? 0 : 1)
    guard var record = value else { return }
    try record.code(fields: &self)
  }

  package mutating func code<E: Choice>(_ name: StaticString, choice value: inout E) {
    bytes.append(value.rawValue)
  }
}
