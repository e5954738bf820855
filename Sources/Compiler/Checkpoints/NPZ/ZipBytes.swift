internal import Tensors

/// Little-endian fields of an archive; reading outside of it throws.
struct ZipBytes {
  let bytes: UnsafeRawBufferPointer
  let file: String

  /// Bytes of the archive.
  var count: Int { bytes.count }

  func uint16(_ offset: Int, _ field: String) throws -> Int {
    Int(UInt16(littleEndian: try load(offset, field)))
  }

  func uint32(_ offset: Int, _ field: String) throws -> UInt32 {
    UInt32(littleEndian: try load(offset, field))
  }

  /// A 64-bit field that is an offset or a size, so that it must not be negative as an `Int`.
  func int64(_ offset: Int, _ field: String) throws -> Int {
    let value = UInt64(littleEndian: try load(offset, field))
    guard let small = Int(exactly: value) else {
      throw InputError.archive(file, field, expected: "at most \(count)", found: "\(value)")
    }
    return small
  }

  /// A part of the archive.
  func slice(_ offset: Int, count length: Int, _ field: String) throws -> UnsafeRawBufferPointer {
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard offset >= 0, length >= 0, !overflow, end <= count else {
      throw InputError.archive(
        file, field, expected: "inside the \(count) bytes of the archive",
        found: "\(length) bytes at \(offset)")
    }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
  }

  private func load<T: FixedWidthInteger>(_ offset: Int, _ field: String) throws -> T {
    try slice(offset, count: MemoryLayout<T>.size, field).loadUnaligned(as: T.self)
  }
}
