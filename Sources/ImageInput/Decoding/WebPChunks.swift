/// The chunks of a WebP file; what is damaged counts as the file's end.
struct WebPChunks {
  private var chunks: [(name: UnsafeRawBufferPointer.SubSequence, data: Range<Int>)] = []
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    var offset = 12
    while offset + 8 <= bytes.count {
      let length = bytes[(offset + 4)..<(offset + 8)].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - offset - 8 else { return }
      chunks.append((bytes[offset..<(offset + 4)], offset + 8..<offset + 8 + length))
      offset += 8 + length + length % 2
    }
  }

  /// Where the data of the first chunk of a name lie.
  func range(of name: String) -> Range<Int>? {
    chunks.first { $0.name.elementsEqual(name.utf8) }?.data
  }

  /// Whether the extended header says that there is EXIF data.
  var announcesEXIF: Bool {
    range(of: "VP8X").map { !$0.isEmpty && bytes[$0.lowerBound] & 0x08 != 0 } ?? false
  }

  /// The image's own chunks, its alphas' among them, with their heads: what lies behind them is none of
  /// the image, but libwebp would read on. Nil where they are not whole.
  var image: UnsafeRawBufferPointer? {
    guard let data = range(of: "VP8 ") ?? range(of: "VP8L") else { return nil }
    let alphas = range(of: "ALPH")?.lowerBound ?? data.lowerBound
    let start = min(alphas, data.lowerBound) - 8
    return UnsafeRawBufferPointer(rebasing: bytes[start..<data.upperBound])
  }
}
