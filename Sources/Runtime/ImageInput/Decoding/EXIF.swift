/// Where images keep their EXIF data. Damaged structures count as having none.
enum EXIFFinder {
  /// The first `Exif` segment (APP1) before the image's data.
  static func inJPEG(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF {
      let marker = bytes[offset + 1]
      if marker == 0xDA || marker == 0xD9 { return nil }
      if marker == 0xFF || (0xD0...0xD7).contains(marker) {
        offset += marker == 0xFF ? 1 : 2
        continue
      }
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      guard length >= 2, length <= bytes.count - offset - 2 else { return nil }
      let segment = UnsafeRawBufferPointer(rebasing: bytes[(offset + 4)..<(offset + 2 + length)])
      if marker == 0xE1, segment.starts(with: Array("Exif\u{0}\u{0}".utf8)) {
        return UnsafeRawBufferPointer(rebasing: segment.dropFirst(6))
      }
      offset += 2 + length
    }
    return nil
  }

  /// The last `eXIf` chunk, as Pillow takes it.
  static func inPNG(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    var found: UnsafeRawBufferPointer?
    var offset = 8
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - offset - 12 else { return nil }
      if bytes[(offset + 4)..<(offset + 8)].elementsEqual("eXIf".utf8) {
        found = unprefixed(bytes[(offset + 8)..<(offset + 8 + length)])
      }
      offset += 12 + length
    }
    return found
  }

  /// EXIF data without the word that some programs write in front of it.
  private static func unprefixed(_ chunk: Slice<UnsafeRawBufferPointer>) -> UnsafeRawBufferPointer {
    let prefix = Array("Exif\u{0}\u{0}".utf8)
    return UnsafeRawBufferPointer(
      rebasing: chunk.starts(with: prefix) ? chunk.dropFirst(prefix.count) : chunk)
  }

  /// The `EXIF` chunk of a file whose header announces one.
  static func inWebP(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let chunks = WebPChunks(bytes)
    guard chunks.announcesEXIF, let range = chunks.range(of: "EXIF") else { return nil }
    return unprefixed(bytes[range])
  }
}

/// EXIF orientation, tag 0x0112 of the first directory.
enum EXIFOrientation {
  /// The code, 1 to 8, or nil when there is none.
  static func code(in exif: UnsafeRawBufferPointer) -> Int? {
    guard exif.count >= 8 else { return nil }
    let isLittle = exif.starts(with: Array("II".utf8))
    guard isLittle || exif.starts(with: Array("MM".utf8)) else { return nil }
    func integer(_ offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset <= exif.count - size else { return nil }
      let bytes = exif[offset..<(offset + size)]
      return isLittle
        ? bytes.reversed().reduce(0) { $0 << 8 | Int($1) } : bytes.reduce(0) { $0 << 8 | Int($1) }
    }
    guard integer(2, 2) == 42, let directory = integer(4, 4), let count = integer(directory, 2)
    else { return nil }
    for entry in 0..<count {
      let offset = directory + 2 + entry * 12
      guard let tag = integer(offset, 2) else { return nil }
      if tag == 0x0112 {
        // One SHORT, or from some programs a LONG, or one with a sign.
        guard let type = integer(offset + 2, 2), [3, 4, 8, 9].contains(type),
          integer(offset + 4, 4) == 1,
          let code = integer(offset + 8, type == 3 || type == 8 ? 2 : 4), (1...8).contains(code)
        else { return nil }
        return code
      }
    }
    return nil
  }
}
