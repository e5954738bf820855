package import Tensors

/// A bounds-checked cursor over untrusted bytes, in the layout that ``FieldCoder`` documents.
///
/// Counts are checked against the bytes that are left before anything is allocated, so that memory
/// stays bounded by the file's size.
package struct RecordReader: FieldCoder {
  private let bytes: UnsafeRawBufferPointer
  private let file: String
  private let section: String

  /// Position of the next byte, from the start of the section.
  package private(set) var offset = 0

  /// Reads `bytes`, which must outlive the reader; `file` and `section` name the place in errors.
  package init(_ bytes: UnsafeRawBufferPointer, file: String, section: String) {
    self.bytes = bytes
    self.file = file
    self.section = section
  }

  /// Reads one record that takes up all of `bytes`.
  package static func read<R: Record>(
    _ type: R.Type, from bytes: UnsafeRawBufferPointer, file: String, section: String
  ) throws -> R {
    var reader = RecordReader(bytes, file: file, section: section)
    var record = R()
    try record.code(fields: &reader)
    try reader.expectEnd()
    return record
  }

  /// Bytes that have not been read yet.
  package var remaining: Int { bytes.count - offset }

  /// Throws unless every byte has been read.
  package func expectEnd() throws {
    guard remaining == 0 else {
      throw error("end", expected: "no further bytes", found: "\(remaining) bytes")
    }
  }

  /// Reads a fixed-width little-endian integer.
  package mutating func integer<T: FixedWidthInteger>(_ name: StaticString, as type: T.Type)
    throws -> T
  {
    let size = MemoryLayout<T>.size
    guard remaining >= size else {
      throw error(name, expected: "\(size) bytes", found: "\(remaining) bytes")
    }
    defer { offset += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// An error at a field of this section.
  package func error(_ name: StaticString, expected: String, found: String) -> InputError {
    InputError(
      file: file, field: "\(section), \(name) at byte \(offset)", expected: expected, found: found)
  }

  private mutating func count(_ name: StaticString, minimumElementSize: Int) throws -> Int {
    let count = Int(try integer(name, as: UInt32.self))
    // A count of at most 2^32 times a record's few bytes cannot overflow.
    guard count * minimumElementSize <= remaining else {
      throw error(
        name, expected: "at most \(remaining / minimumElementSize) elements", found: "\(count)")
    }
    return count
  }

  package mutating func code(_ name: StaticString, _ value: inout Int) throws {
    let stored = try integer(name, as: Int64.self)
    value = Int(stored)
  }

  package mutating func code(_ name: StaticString, _ value: inout Float) throws {
    value = Float(bitPattern: try integer(name, as: UInt32.self))
  }

  package mutating func code(_ name: StaticString, _ value: inout Bool) throws {
    let byte = try integer(name, as: UInt8.self)
    guard byte <= 1 else { throw error(name, expected: "0 or 1", found: "\(byte)") }
    value = byte == 1
  }

  package mutating func code(_ name: StaticString, _ value: inout String) throws {
    let length = try count(name, minimumElementSize: 1)
    let text = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + length)])
    guard let valid = String(validating: text, as: UTF8.self) else {
      throw error(name, expected: "UTF-8 text", found: "other bytes")
    }
    offset += length
    value = valid
  }

  package mutating func code(_ name: StaticString, _ value: inout [Int]) throws {
    let length = try count(name, minimumElementSize: 8)
    value = []
    value.reserveCapacity(length)
    for _ in 0..<length { value.append(Int(try integer(name, as: Int64.self))) }
  }

  package mutating func code(_ name: StaticString, _ value: inout [Float]) throws {
    let length = try count(name, minimumElementSize: 4)
    value = []
    value.reserveCapacity(length)
    for _ in 0..<length { value.append(Float(bitPattern: try integer(name, as: UInt32.self))) }
  }

  package mutating func code<R: Record>(_ name: StaticString, list value: inout [R]) throws {
    let length = try count(name, minimumElementSize: 1)
    value = []
    for _ in 0..<length {
      var record = R()
      try record.code(fields: &self)
      value.append(record)
    }
  }

  package mutating func code<R: Record>(_ name: StaticString, record value: inout R) throws {
    try value.code(fields: &self)
  }

  package mutating func code<R: Record>(_ name: StaticString, optional value: inout R?) throws {
    var isPresent = false
    try code(name, &isPresent)
    guard isPresent else {
      value = nil
      return
    }
    var record = R()
    try record.code(fields: &self)
    value = record
  }

  package mutating func code<E: Choice>(_ name: StaticString, choice value: inout E) throws {
    let byte = try integer(name, as: UInt8.self)
    guard let known = E(rawValue: byte) else {
      let words = E.allCases.map(\.word).joined(separator: ", ")
      throw error(name, expected: "one of \(words)", found: "code \(byte)")
    }
    value = known
  }
}
