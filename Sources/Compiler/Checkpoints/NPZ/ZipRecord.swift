internal import Tensors

/// A file header of the central directory.
struct ZipRecord {
  /// Bytes without name, extra fields and comment.
  static let fixedSize = 46

  private static let signature: UInt32 = 0x0201_4B50
  private static let localSignature: UInt32 = 0x0403_4B50
  private static let localSize = 30

  /// Where the next record begins.
  let end: Int

  private let name: String
  private let flags: Int
  private let method: Int
  private let checksum: UInt32
  private var compressedSize: Int
  private var size: Int
  private var start: Int

  /// Reads the record at `offset`, which has to end before `limit`.
  init(_ archive: ZipBytes, at offset: Int, before limit: Int) throws {
    let field = "central directory"
    guard offset <= limit - Self.fixedSize, try archive.uint32(offset, field) == Self.signature
    else {
      throw InputError.archive(
        archive.file, field, expected: "a member at byte \(offset)", found: "none")
    }
    let nameCount = try archive.uint16(offset + 28, field)
    let extraCount = try archive.uint16(offset + 30, field)
    let commentCount = try archive.uint16(offset + 32, field)
    end = offset + Self.fixedSize + nameCount + extraCount + commentCount
    guard end <= limit else {
      throw InputError.archive(
        archive.file, field, expected: "a member that ends before byte \(limit)",
        found: "one that ends at \(end)")
    }
    let nameBytes = try archive.slice(offset + Self.fixedSize, count: nameCount, field)
    guard let name = String(validating: nameBytes, as: UTF8.self) else {
      throw InputError.archive(
        archive.file, field, expected: "a name in UTF-8 at byte \(offset + Self.fixedSize)",
        found: "other bytes")
    }
    self.name = name
    flags = try archive.uint16(offset + 8, field)
    method = try archive.uint16(offset + 10, field)
    checksum = try archive.uint32(offset + 16, field)
    compressedSize = Int(try archive.uint32(offset + 20, field))
    size = Int(try archive.uint32(offset + 24, field))
    start = Int(try archive.uint32(offset + 42, field))
    let extra = offset + Self.fixedSize + nameCount
    try readZip64(archive, extra..<(extra + extraCount))
  }

  /// Replaces the fields that are all ones by those of the zip64 extra field.
  private mutating func readZip64(_ archive: ZipBytes, _ range: Range<Int>) throws {
    let isWide = [size, compressedSize, start].map { $0 == 0xFFFF_FFFF }
    guard isWide.contains(true) else { return }
    var offset = range.lowerBound
    while range.upperBound - offset >= 4 {
      let kind = try archive.uint16(offset, name)
      let length = try archive.uint16(offset + 2, name)
      offset += 4
      guard length <= range.upperBound - offset else { break }
      guard kind == 1 else {
        offset += length
        continue
      }
      let needed = isWide.count { $0 } * 8
      guard length >= needed else {
        throw InputError.archive(
          archive.file, "\(name), zip64 extra field", expected: "\(needed) bytes",
          found: "\(length)")
      }
      func next() throws -> Int {
        defer { offset += 8 }
        return try archive.int64(offset, "\(name), zip64 extra field")
      }
      if isWide[0] { size = try next() }
      if isWide[1] { compressedSize = try next() }
      if isWide[2] { start = try next() }
      return
    }
    throw InputError.archive(
      archive.file, "\(name), zip64 extra field", expected: "one for sizes over 4 GiB",
      found: "none")
  }

  /// The member, after its local header has been found to agree and its bytes to end before `limit`.
  func entry(_ archive: ZipBytes, before limit: Int) throws -> ZipEntry {
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError.archive(archive.file, "\(name), \(field)", expected: expected, found: found)
    }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.isEmpty, !name.hasPrefix("/"), !name.contains("\\"), !parts.contains("..") else {
      throw fail("name", "a path inside the archive", "another")
    }
    guard flags & 0x2041 == 0 else { throw fail("flags", "no encryption", "an encrypted member") }
    let kind: ZipEntry.Method
    switch method {
    case 0: kind = .stored
    case 8: kind = .deflated
    default: throw fail("method", "0 (stored) or 8 (deflated)", "\(method)")
    }
    guard kind == .deflated || compressedSize == size else {
      throw fail("size", "\(compressedSize) bytes, since they are stored", "\(size)")
    }
    guard start <= limit - Self.localSize,
      try archive.uint32(start, name) == Self.localSignature
    else { throw fail("local header", "one at byte \(start)", "none") }
    let nameCount = try archive.uint16(start + 26, name)
    let extraCount = try archive.uint16(start + 28, name)
    let localName = try archive.slice(start + Self.localSize, count: nameCount, name)
    guard localName.elementsEqual(name.utf8), try archive.uint16(start + 8, name) == method else {
      throw fail("local header", "the name and method of the directory", "others")
    }
    let begin = start + Self.localSize + nameCount + extraCount
    let (end, overflow) = begin.addingReportingOverflow(compressedSize)
    guard !overflow, end <= limit else {
      throw fail("size", "at most the \(max(0, limit - begin)) bytes left", "\(compressedSize)")
    }
    return ZipEntry(
      name: name, method: kind, checksum: checksum, size: size, start: start, range: begin..<end)
  }
}
