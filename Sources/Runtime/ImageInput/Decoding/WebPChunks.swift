/// The chunks of a WebP file; what is damaged counts as the file's end. They are looked for when they are
/// asked for: a file can have millions.
struct WebPChunks {
  private let bytes: UnsafeRawBufferPointer

  /// Where the first chunk begins.
  private let start: Int

  init(_ bytes: UnsafeRawBufferPointer) { (self.bytes, start) = (bytes, 12) }

  private init(ofFrame data: UnsafeRawBufferPointer) { (bytes, start) = (data, 0) }

  /// Where the data of the first chunk of a name lie.
  func range(of name: StaticString) -> Range<Int>? {
    let wanted = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    var offset = start
    while offset + 8 <= bytes.count {
      let length = bytes[(offset + 4)..<(offset + 8)].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - offset - 8 else { return nil }
      let data = offset + 8..<offset + 8 + length
      if bytes[offset..<(offset + 4)].elementsEqual(wanted) { return data }
      offset = data.upperBound + length % 2
    }
    return nil
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

  /// A frame of an animation.
  struct Frame {
    let left: Int
    let top: Int
    let width: Int
    let height: Int

    /// The frame's own chunks, as those of a still.
    let chunks: WebPChunks
  }

  /// The first frame of an animation; nil where it is not whole.
  var firstFrame: Frame? {
    guard let range = range(of: "ANMF"), range.count >= 16 else { return nil }
    let data = UnsafeRawBufferPointer(rebasing: bytes[range])
    func integer(_ offset: Int) -> Int {
      Int(data[offset]) | Int(data[offset + 1]) << 8 | Int(data[offset + 2]) << 16
    }
    return Frame(
      left: integer(0) * 2, top: integer(3) * 2, width: integer(6) + 1, height: integer(9) + 1,
      chunks: WebPChunks(ofFrame: UnsafeRawBufferPointer(rebasing: data[16...])))
  }
}
