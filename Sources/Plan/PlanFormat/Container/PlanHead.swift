internal import Records
internal import Tensors

/// The header and the section table of an untrusted file.
enum PlanHead {
  /// The version that a plan's header says; nil if this is the beginning of no plan.
  static func version(of bytes: UnsafeRawBufferPointer) -> UInt32? {
    guard bytes.count >= 12, bytes[0..<8].elementsEqual(PlanLayout.magic) else { return nil }
    return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
  }

  /// The error for a plan of a version that is not run.
  static func refusal(ofVersion version: UInt32, file: String) -> InputError {
    InputError(
      .unsupported, file: file, field: "version",
      expected: "plan version \(PlanLayout.version)",
      found: version > PlanLayout.version
        ? "\(version), from a later vitc; update, or convert again with vitc convert"
        : "\(version)\(version == 1 ? ", written by vitc 0.1" : ""): make it anew with "
          + "vitc convert CHECKPOINT -o PLAN")
  }

  /// The sections, checked: sizes, order, alignment, zeros between them, checksums. Versions 1 and 2 have the
  /// same ones.
  static func sections(
    of bytes: UnsafeRawBufferPointer, file: String, version wanted: UInt32 = PlanLayout.version
  ) throws -> [SectionKind: Section] {
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(file: file, field: field, expected: expected, found: found)
    }
    guard bytes.count >= 8, bytes[0..<8].elementsEqual(PlanLayout.magic) else {
      throw fail("magic", "a plan, as vitc convert writes it", "another kind of file")
    }
    guard bytes.count >= PlanLayout.headerSize else {
      throw fail("header", "\(PlanLayout.headerSize) bytes", "\(bytes.count) bytes")
    }
    var header = RecordReader(
      UnsafeRawBufferPointer(rebasing: bytes[8..<PlanLayout.headerSize]), file: file,
      section: "header")
    let version = try header.integer("version", as: UInt32.self)
    let byteOrder = try header.integer("byte_order", as: UInt32.self)
    guard byteOrder == PlanLayout.byteOrder else {
      throw fail(
        "byte order", "little-endian",
        byteOrder == PlanLayout.byteOrder.byteSwapped
          ? "big-endian; convert the checkpoint again with vitc convert" : "neither")
    }
    guard version == wanted else { throw refusal(ofVersion: version, file: file) }
    let headerChecksum = XXH64.hash(
      UnsafeRawBufferPointer(rebasing: bytes[0..<PlanLayout.headerSize - 8]))
    let fileBytes = try header.integer("file_bytes", as: UInt64.self)
    let count = try header.integer("section_count", as: UInt32.self)
    let reserved = UInt64(try header.integer("reserved", as: UInt32.self))
    let tableChecksum = try header.integer("table_checksum", as: UInt64.self)
    let others = [
      try header.integer("reserved", as: UInt64.self),
      try header.integer("reserved", as: UInt64.self),
    ]
    guard try header.integer("header_checksum", as: UInt64.self) == headerChecksum else {
      throw fail("header checksum", "that of the header", "another; the file is damaged")
    }
    guard ([reserved] + others).allSatisfy({ $0 == 0 }) else {
      throw fail("reserved fields of the header", "zeros", "others")
    }
    guard fileBytes == UInt64(bytes.count) else {
      throw fail("file size", "\(fileBytes) bytes", "\(bytes.count) bytes")
    }
    let tableEnd = PlanLayout.headerSize + Int(count) * PlanLayout.entrySize
    guard tableEnd <= PlanLayout.weightsOffset, PlanLayout.weightsOffset <= bytes.count else {
      throw fail("section table", "\(PlanLayout.weightsOffset) bytes", "\(bytes.count) bytes")
    }
    let table = UnsafeRawBufferPointer(rebasing: bytes[PlanLayout.headerSize..<tableEnd])
    guard XXH64.hash(table) == tableChecksum else {
      throw fail("section table", "the bytes of its checksum", "others; the file is damaged")
    }
    let features =
      wanted == PlanLayout.version ? try knownFeatures(table, of: bytes, file: file) : []
    let kinds = SectionKind.allCases.filter { kind in
      kind.feature.map { features.contains($0.rawValue) } ?? true
    }
    guard count == UInt32(kinds.count) else {
      throw fail("section count", "\(kinds.count)", "\(count)")
    }
    var reader = RecordReader(table, file: file, section: "section table")
    var sections: [SectionKind: Section] = [:]
    var end = tableEnd
    for kind in kinds {
      let section = try entry(kind, &reader, fail)
      let start = kind == .weights ? PlanLayout.weightsOffset : PlanLayout.aligned(end)
      guard section.offset == start, section.byteCount <= bytes.count - start else {
        throw fail(
          "section \(kind)",
          "an offset of \(start) and at most \(max(0, bytes.count - start)) bytes",
          "\(section.offset) and \(section.byteCount)")
      }
      guard bytes[end..<start].allSatisfy({ $0 == 0 }) else {
        throw fail("section \(kind)", "zeros before it", "others; the file is damaged")
      }
      end = start + section.byteCount
      let contents = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
      guard kind == .weights || XXH64.hash(contents) == section.checksum else {
        throw fail("section \(kind)", "the bytes of its checksum", "others; the file is damaged")
      }
      sections[kind] = section
    }
    guard bytes.count == PlanLayout.aligned(end), bytes[end...].allSatisfy({ $0 == 0 }) else {
      throw fail("end", "zeros up to byte \(PlanLayout.aligned(end))", "\(bytes.count) bytes")
    }
    return sections
  }

  /// The features that the plan lists. Throws if it says that it needs what this program does not know. Nothing
  /// else of it has to be as this program knows it: where the origin cannot be found or read, other checks say
  /// what is wrong.
  private static func knownFeatures(
    _ table: UnsafeRawBufferPointer, of bytes: UnsafeRawBufferPointer, file: String
  ) throws -> Set<String> {
    var features: Set<String> = []
    for start in stride(from: 0, to: table.count, by: PlanLayout.entrySize) {
      var reader = RecordReader(
        UnsafeRawBufferPointer(rebasing: table[start..<start + PlanLayout.entrySize]), file: file,
        section: "section table")
      guard
        let section = try? entry(
          .origin, &reader, { InputError(file: file, field: $0, expected: $1, found: $2) }),
        section.offset <= bytes.count, section.byteCount <= bytes.count - section.offset
      else { continue }
      let contents = UnsafeRawBufferPointer(
        rebasing: bytes[section.offset..<section.offset + section.byteCount])
      guard XXH64.hash(contents) == section.checksum else { continue }
      var fields = RecordReader(contents, file: file, section: "origin")
      var origin = PlanOrigin()
      // A newer one may have more fields behind these.
      guard (try? origin.code(fields: &fields)) != nil else { continue }
      try origin.requireKnownFeatures(file: file)
      features.formUnion(origin.features.map(\.name))
    }
    return features
  }

  private static func entry(
    _ kind: SectionKind, _ reader: inout RecordReader,
    _ fail: (String, String, String) -> InputError
  ) throws -> Section {
    let code = try reader.integer("kind", as: UInt32.self)
    let reserved = try reader.integer("reserved", as: UInt32.self)
    let offset = try reader.integer("offset", as: UInt64.self)
    let byteCount = try reader.integer("byte_count", as: UInt64.self)
    let checksum = try reader.integer("checksum", as: UInt64.self)
    guard code == kind.rawValue, let offset = Int(exactly: offset),
      let byteCount = Int(exactly: byteCount)
    else {
      throw fail("section \(kind)", "kind \(kind.rawValue) and a size below 2^63", "kind \(code)")
    }
    guard reserved == 0, kind != .weights || checksum == 0 else {
      throw fail(
        "section \(kind)", "zeros in its reserved field, and as the checksum of the weights",
        "others")
    }
    return Section(kind: kind, offset: offset, byteCount: byteCount, checksum: checksum)
  }
}
