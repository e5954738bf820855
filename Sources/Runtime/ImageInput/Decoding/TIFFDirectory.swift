/// The first directory of a TIFF, looked at before libtiff takes memory for what its entries name: any number of
/// them could name the same bytes.
struct TIFFDirectory {
  /// Bytes of a value of each of TIFF's types, by its code.
  private static let sizes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8]

  /// Whether a file begins as a TIFF or a BigTIFF does.
  static func isTIFF(_ bytes: UnsafeRawBufferPointer) -> Bool {
    [[0x49, 0x49, 42, 0], [0x4D, 0x4D, 0, 42], [0x49, 0x49, 43, 0], [0x4D, 0x4D, 0, 43]]
      .contains { bytes.starts(with: $0) }
  }

  private static let photometric = 262
  private static let extraSamples = 338
  private static let palette = 3

  /// Bytes of all entries' values.
  let valueBytes: Int

  /// What the first sample is that is no colour; nil where nothing is said of it. libtiff takes what it does not
  /// know for 0.
  let extraKind: Int?

  /// Whether it says that its pixels are places in a palette; libtiff takes them for greys where it cannot use that.
  let isPalette: Bool

  /// Nil where the directory is not whole.
  init?(_ bytes: UnsafeRawBufferPointer) {
    let isLittle = bytes.starts(with: [0x49])
    let isBig = bytes.count > 3 && (bytes[2] == 43 || bytes[3] == 43)
    /// Nil behind the file's end, and for what no file's place can be.
    func integer(_ offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset <= bytes.count - size else { return nil }
      let range = bytes[offset..<(offset + size)]
      let value =
        isLittle
        ? range.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        : range.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return Int(exactly: value)
    }
    let (headBytes, entryBytes, countBytes) = isBig ? (8, 20, 8) : (2, 12, 4)
    guard let start = integer(isBig ? 8 : 4, isBig ? 8 : 4), let count = integer(start, headBytes),
      count <= bytes.count / entryBytes
    else { return nil }
    var total = 0
    // Of tags that are one SHORT or several.
    var firsts: [Int: Int] = [:]
    var saysPalette = false
    for entry in 0..<count {
      let offset = start + headBytes + entry * entryBytes
      guard let tag = integer(offset, 2), let type = integer(offset + 2, 2),
        let values = integer(offset + 4, countBytes)
      else { return nil }
      let size = Self.sizes.indices.contains(type) ? Self.sizes[type] : 0
      let (bytes, overflow) = values.multipliedReportingOverflow(by: size)
      guard !overflow, bytes <= 1 << 40 else { return nil }
      total += bytes
      if [Self.photometric, Self.extraSamples].contains(tag), values > 0 {
        // What fits into the entry stands there.
        let place = offset + 4 + countBytes
        let isInside = values * size <= countBytes
        firsts[tag] = (isInside ? place : integer(place, countBytes)).flatMap { integer($0, size) }
        if tag == Self.photometric, firsts[tag] == Self.palette { saysPalette = true }
      }
    }
    valueBytes = total
    extraKind = firsts[Self.extraSamples]
    isPalette = saysPalette
  }
}
