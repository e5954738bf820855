internal import CLibrary

/// What the markers of a JPEG file say, read without decoding anything.
struct JPEGMarkers {
  /// Columns and rows of the first frame header, nil when there is none.
  private(set) var extent: (width: Int, height: Int)?

  /// Passes over the image: one in most files, about ten in progressive ones.
  private(set) var scanCount = 0

  /// Whether the file ends as it should; false when it was cut short.
  private(set) var hasEnd = false

  /// Whether the frame is coded with Huffman tables.
  private(set) var isHuffmanCoded = false

  /// Walks from marker to marker; stops at the first that is damaged.
  init(_ bytes: UnsafeRawBufferPointer) {
    // Where a damaged length leads past it, the end is still there.
    hasEnd = bytes.count >= 4 && bytes[bytes.count - 2] == 0xFF && bytes[bytes.count - 1] == 0xD9
    var offset = 2
    while let marker = Self.nextMarker(bytes, &offset) {
      switch marker {
      case 0xD9:
        hasEnd = true
        return
      case 0x01, 0xD0...0xD8: continue
      default: break
      }
      guard offset + 2 <= bytes.count else { return }
      let length = Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
      guard length >= 2, length <= bytes.count - offset else { return }
      if Self.isFrame(marker), extent == nil, length >= 7 {
        extent = (
          width: Int(bytes[offset + 5]) << 8 | Int(bytes[offset + 6]),
          height: Int(bytes[offset + 3]) << 8 | Int(bytes[offset + 4])
        )
        isHuffmanCoded = marker < 0xC8
      }
      if marker == 0xDA { scanCount += 1 }
      offset += length
    }
  }

  /// The next marker's code, with `offset` moved behind it; coded data in front of it is skipped.
  private static func nextMarker(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> UInt8? {
    guard let base = bytes.baseAddress else { return nil }
    while offset + 1 < bytes.count {
      guard let found = memchr(base + offset, 0xFF, bytes.count - 1 - offset) else { return nil }
      offset = UnsafeRawPointer(found) - base + 1
      let code = bytes[offset]
      if code == 0xFF { continue }
      offset += 1
      if code != 0 { return code }
    }
    return nil
  }

  /// Start-of-frame markers, of which DHT, JPG and DAC lie in the same range.
  private static func isFrame(_ marker: UInt8) -> Bool {
    (0xC0...0xCF).contains(marker) && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
  }
}
