internal import Tensors

/// NumPy's archive of named arrays: a zip of `NAME.npy` members, stored or deflated.
///
/// Stored arrays are views into the mapped file; deflated ones are decompressed here, into no more
/// memory than their headers account for. Checksums are verified.
struct NPZFile {
  let tensors: [String: TensorView]

  /// Deflated arrays may come to this many bytes plus ``inflationPerByte`` for each of the file.
  private static let inflationAllowance = 192 << 20
  private static let inflationPerByte = 16

  /// Deflate cannot shrink further than this.
  private static let highestRatio = 1032

  /// Reads every array of an archive.
  init(_ file: MappedFile) throws {
    let archive = try ZipArchive(file)
    try Self.checkKind(archive, file: file.path)
    var budget = Self.inflationAllowance + min(file.count, 1 << 40) * Self.inflationPerByte
    var tensors: [String: TensorView] = [:]
    for entry in archive.entries {
      if entry.method == .deflated {
        guard entry.size <= budget else {
          throw InputError.archive(
            file.path, entry.name, expected: "at most \(budget) bytes after decompression",
            found: "\(entry.size)")
        }
        budget -= entry.size
      }
      let view =
        switch entry.method {
        case .stored: try Self.stored(entry, file)
        case .deflated: try Self.deflated(entry, file)
        }
      tensors[String(entry.name.dropLast(4))] = view
    }
    self.tensors = tensors
  }

  private static func checkKind(_ archive: ZipArchive, file: String) throws {
    if archive.entries.contains(where: { FileKind.isPickle(member: $0.name) }) {
      throw FileKind.refusal(of: file, .pickleArchive)
    }
    for entry in archive.entries where !entry.name.hasSuffix(".npy") {
      throw InputError.archive(
        file, entry.name, expected: "only NumPy arrays (.npy) in a checkpoint's archive",
        found: "another kind of member")
    }
  }

  private static func stored(_ entry: ZipEntry, _ file: MappedFile) throws -> TensorView {
    try file.withBytes { bytes in
      let member = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
      let layout = try ArrayLayout(member, entry, file: file.path)
      var checksum = ZipChecksum()
      let window = 1 << 20
      var offset = entry.range.lowerBound
      while offset < entry.range.upperBound {
        let end = min(offset + window, entry.range.upperBound)
        checksum.absorb(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
        file.release(offset..<end)
        offset = end
      }
      try check(checksum, entry, file: file.path)
      let start = entry.range.lowerBound
      return try layout.view(.file(file), from: start, entry, file: file.path)
    }
  }

  private static func deflated(_ entry: ZipEntry, _ file: MappedFile) throws -> TensorView {
    func damaged(_ found: String) -> InputError {
      InputError.archive(
        file.path, entry.name, expected: "\(entry.size) bytes after decompression", found: found)
    }
    return try file.withBytes { bytes in
      let most = entry.range.count.multipliedReportingOverflow(by: highestRatio)
      guard !most.overflow, entry.size <= most.partialValue else {
        throw damaged("\(entry.range.count) compressed bytes, too few for that")
      }
      let input = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
      guard var inflater = Inflater(input) else { throw damaged("no memory for it") }
      // The header says how much memory the array deserves, so it is read on its own first.
      var head = [UInt8](repeating: 0, count: min(entry.size, NPYFile.maximumHeader + 16))
      guard let headCount = head.withUnsafeMutableBytes({ inflater.read(into: $0) }),
        headCount == head.count
      else { throw damaged("damaged or shorter data") }
      let layout = try head.withUnsafeBytes { try ArrayLayout($0, entry, file: file.path) }
      let contents = try ByteBuffer(count: entry.size, for: file.path)
      contents.bytes.copyBytes(from: head)
      let rest = UnsafeMutableRawBufferPointer(rebasing: contents.bytes[headCount...])
      guard inflater.read(into: rest) == rest.count else {
        throw damaged("damaged or shorter data")
      }
      var extra: UInt8 = 0
      guard withUnsafeMutableBytes(of: &extra, { inflater.read(into: $0) }) == 0 else {
        throw damaged("more")
      }
      guard inflater.isAtEnd, inflater.unusedCount == 0 else {
        throw damaged("\(inflater.unusedCount) compressed bytes behind its end")
      }
      var checksum = ZipChecksum()
      checksum.absorb(UnsafeRawBufferPointer(contents.bytes))
      try check(checksum, entry, file: file.path)
      file.release(entry.range)
      return try layout.view(.memory(contents), from: 0, entry, file: file.path)
    }
  }

  private static func check(_ checksum: ZipChecksum, _ entry: ZipEntry, file: String) throws {
    guard checksum.value == entry.checksum else {
      throw InputError.archive(
        file, "\(entry.name), CRC-32", expected: String(entry.checksum, radix: 16),
        found: String(checksum.value, radix: 16))
    }
  }
}
