internal import Tensors

/// The directory of a zip archive (PKWARE's APPNOTE, sections 4.3 to 4.5, zip64 included).
///
/// Only the central directory is believed; local headers have to agree with it. Entries may not
/// overlap, leave the archive, repeat, be encrypted or climb out of a folder.
struct ZipArchive {
  let entries: [ZipEntry]

  private static let endSignature: UInt32 = 0x0605_4B50
  private static let locatorSignature: UInt32 = 0x0706_4B50
  private static let end64Signature: UInt32 = 0x0606_4B50

  /// Reads and checks the directory of `file`.
  init(_ file: MappedFile) throws {
    entries = try file.withBytes { bytes in
      let archive = ZipBytes(bytes: bytes, file: file.path)
      let directory = try Self.directory(archive)
      var offset = directory.range.lowerBound
      var entries: [ZipEntry] = []
      var names = Set<String>()
      for _ in 0..<directory.entryCount {
        let record = try ZipRecord(archive, at: offset, before: directory.range.upperBound)
        let entry = try record.entry(archive, before: directory.range.lowerBound)
        guard names.insert(entry.name).inserted else {
          throw InputError.archive(
            file.path, entry.name, expected: "each member once", found: "it twice")
        }
        entries.append(entry)
        offset = record.end
      }
      guard offset == directory.range.upperBound else {
        throw InputError.archive(
          file.path, "central directory",
          expected: "\(directory.entryCount) members in \(directory.range.count) bytes",
          found: "\(directory.range.upperBound - offset) bytes more")
      }
      return entries
    }
    try Self.checkOverlap(entries, file: file.path)
  }

  private struct Directory {
    let range: Range<Int>
    let entryCount: Int
  }

  private static func directory(_ archive: ZipBytes) throws -> Directory {
    let end = try endRecord(archive)
    var count = try archive.uint16(end + 10, "end record")
    var size = Int(try archive.uint32(end + 12, "end record"))
    var offset = Int(try archive.uint32(end + 16, "end record"))
    var limit = end
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      let locator = end - 20
      guard locator >= 0, try archive.uint32(locator, "zip64 locator") == locatorSignature else {
        throw InputError.archive(
          archive.file, "zip64 locator", expected: "one before the end record", found: "none")
      }
      let record = try archive.int64(locator + 8, "zip64 locator")
      guard record <= locator - 56,
        try archive.uint32(record, "zip64 end record") == end64Signature
      else {
        throw InputError.archive(
          archive.file, "zip64 end record", expected: "one at byte \(record)", found: "none")
      }
      count = try archive.int64(record + 32, "zip64 end record")
      size = try archive.int64(record + 40, "zip64 end record")
      offset = try archive.int64(record + 48, "zip64 end record")
      limit = record
    }
    let (upper, overflow) = offset.addingReportingOverflow(size)
    guard !overflow, upper <= limit else {
      throw InputError.archive(
        archive.file, "central directory", expected: "inside the first \(limit) bytes",
        found: "\(size) bytes at \(offset)")
    }
    guard count <= size / ZipRecord.fixedSize else {
      throw InputError.archive(
        archive.file, "central directory",
        expected: "at most \(size / ZipRecord.fixedSize) members in \(size) bytes",
        found: "\(count)")
    }
    return Directory(range: offset..<upper, entryCount: count)
  }

  /// Where the end record begins: the last one whose comment reaches exactly to the end.
  private static func endRecord(_ archive: ZipBytes) throws -> Int {
    var offset = archive.count - 22
    while offset >= 0, offset >= archive.count - 22 - 0xFFFF {
      if try archive.uint32(offset, "end record") == endSignature,
        try archive.uint16(offset + 20, "end record") == archive.count - offset - 22
      {
        return offset
      }
      offset -= 1
    }
    throw InputError.archive(
      archive.file, "end record", expected: "one at the end of the archive",
      found: "none; is the file complete?")
  }

  private static func checkOverlap(_ entries: [ZipEntry], file: String) throws {
    let ordered = entries.sorted { $0.start < $1.start }
    for (before, after) in zip(ordered, ordered.dropFirst())
    where before.range.upperBound > after.start {
      throw InputError.archive(
        file, after.name, expected: "bytes of its own",
        found: "\(before.range.upperBound - after.start) bytes shared with \(before.name)")
    }
  }
}

extension InputError {
  static func archive(
    _ file: String, _ field: String, expected: String, found: String
  ) -> InputError {
    InputError(file: file, field: field, expected: expected, found: found)
  }
}
