internal import CGIF
internal import Tensors

/// The first frame of a GIF, by giflib, whose errors are return values.
///
/// The frame lies on a canvas of the screen's size, which it makes larger where it sticks out. As in Pillow
/// the canvas has the transparent colour, or the palette's first.
final class GIFRows: RowSource {
  /// What giflib reads from.
  private struct Source {
    let bytes: UnsafeRawBufferPointer
    var offset = 0
  }

  /// Where the rows of an interlaced image begin that come one after the other, and how far they are apart.
  private static let passes: [(first: Int, step: Int)] = [(0, 8), (4, 8), (2, 4), (1, 2)]

  let width: Int
  let height: Int

  /// Of interlaced frames, which come in no order of rows, all pixels.
  let heldBytes: Int

  private let file: String
  private let source: UnsafeMutablePointer<Source>
  private let gif: UnsafeMutablePointer<GifFileType>
  private let frame: (left: Int, top: Int, width: Int, height: Int)
  private let isInterlaced: Bool

  /// RGB of every place that a pixel can name.
  private let colours: [UInt8]
  private let ground: Int

  /// Places of the frame's pixels, or of a row of them.
  private var indices: ByteBuffer?
  private var row = 0

  init(
    _ bytes: UnsafeRawBufferPointer, file: String, alpha: ImageDecoder.Alpha, limit: PixelLimit
  ) throws {
    let source = UnsafeMutablePointer<Source>.allocate(capacity: 1)
    source.initialize(to: Source(bytes: bytes))
    var code: Int32 = 0
    let opened = DGifOpen(
      source,
      { gif, target, count in
        guard let target, let source = gif?.pointee.UserData else { return 0 }
        return GIFRows.read(source.assumingMemoryBound(to: Source.self), into: target, Int(count))
      }, &code)
    guard let gif = opened else {
      source.deallocate()
      throw Self.failure(code, file)
    }
    do {
      let transparent = try Self.findFrame(of: gif, file)
      let image = gif.pointee.Image
      frame = (Int(image.Left), Int(image.Top), Int(image.Width), Int(image.Height))
      guard frame.width > 0, frame.height > 0 else {
        throw InputError.imageField(
          file, "GIF frame", expected: "pixels", found: "\(frame.width) x \(frame.height)")
      }
      width = max(Int(gif.pointee.SWidth), frame.left + frame.width)
      height = max(Int(gif.pointee.SHeight), frame.top + frame.height)
      try limit.check(width: width, height: height, file: file)
      isInterlaced = image.Interlace
      heldBytes = isInterlaced ? frame.width * frame.height : 0
      try limit.check(heldBytes: heldBytes, width: width, height: height, file: file)
      var colours = Self.colours(of: image.ColorMap ?? gif.pointee.SColorMap)
      if let transparent, alpha == .onWhite {
        for channel in 0..<3 { colours[transparent * 3 + channel] = 255 }
      }
      self.colours = colours
      ground = transparent ?? 0
    } catch {
      DGifCloseFile(gif, nil)
      source.deallocate()
      throw error
    }
    (self.file, self.source, self.gif) = (file, source, gif)
  }

  deinit {
    DGifCloseFile(gif, nil)
    source.deallocate()
  }

  private static func failure(_ code: Int32, _ file: String) -> InputError {
    let words = GifErrorString(code).map { String(cString: $0) } ?? "error \(code)"
    return code == D_GIF_ERR_NOT_ENOUGH_MEM
      ? .noMemory(file, nil, "giflib: \(words)")
      : .imageData(file, "GIF", found: "giflib: \(words)")
  }

  private static func read(
    _ source: UnsafeMutablePointer<Source>, into target: UnsafeMutablePointer<GifByteType>,
    _ wanted: Int
  ) -> Int32 {
    let offset = source.pointee.offset
    let count = min(wanted, source.pointee.bytes.count - offset)
    UnsafeMutableRawBufferPointer(start: target, count: count).copyMemory(
      from: UnsafeRawBufferPointer(
        rebasing: source.pointee.bytes[offset..<(offset + count)]))
    source.pointee.offset += count
    return Int32(count)
  }

  /// Reads up to the first frame's pixels.
  /// - Returns: the transparent colour's place, if there is one.
  private static func findFrame(
    of gif: UnsafeMutablePointer<GifFileType>, _ file: String
  ) throws -> Int? {
    func check(_ status: Int32) throws {
      if status != GIF_OK { throw failure(gif.pointee.Error, file) }
    }
    var transparent: Int?
    while true {
      var kind = UNDEFINED_RECORD_TYPE
      try check(DGifGetRecordType(gif, &kind))
      switch kind {
      case IMAGE_DESC_RECORD_TYPE:
        try check(DGifGetImageDesc(gif))
        return transparent
      case EXTENSION_RECORD_TYPE:
        var label: Int32 = 0
        var block: UnsafeMutablePointer<GifByteType>?
        try check(DGifGetExtension(gif, &label, &block))
        // The block's first byte is its length; its flags say whether the fourth one behind them counts.
        if label == GRAPHICS_EXT_FUNC_CODE, let block, block[0] >= 4, block[1] & 1 == 1 {
          transparent = Int(block[4])
        }
        while block != nil { try check(DGifGetExtensionNext(gif, &block)) }
      default:
        throw InputError.imageData(file, "GIF", found: "no image")
      }
    }
  }

  /// RGB of 256 places; without a palette greys, and as in Pillow black behind a palette's end.
  private static func colours(of map: UnsafeMutablePointer<ColorMapObject>?) -> [UInt8] {
    let greys = (0...255).flatMap { [UInt8](repeating: UInt8($0), count: 3) }
    guard let map, let entries = map.pointee.Colors else { return greys }
    let palette = (0..<min(256, Int(map.pointee.ColorCount))).flatMap {
      [entries[$0].Red, entries[$0].Green, entries[$0].Blue]
    }
    // A palette that is the greys themselves counts as none.
    if greys.starts(with: palette) { return greys }
    return palette + [UInt8](repeating: 0, count: 768 - palette.count)
  }

  func start() throws {
    let rows = isInterlaced ? frame.height : 1
    let indices = try ByteBuffer(count: frame.width * rows, for: file)
    self.indices = indices
    guard isInterlaced, let base = indices.elements(of: UInt8.self).baseAddress else { return }
    for pass in Self.passes {
      for row in stride(from: pass.first, to: frame.height, by: pass.step) {
        try readLine(base + row * frame.width)
      }
    }
  }

  func read(into samples: UnsafeMutablePointer<UInt8>) throws {
    let line = row - frame.top
    row += 1
    for pixel in 0..<width { write(ground, to: samples + pixel * 3) }
    guard (0..<frame.height).contains(line),
      let base = indices?.elements(of: UInt8.self).baseAddress
    else { return }
    if !isInterlaced { try readLine(base) }
    let source = isInterlaced ? base + line * frame.width : base
    for pixel in 0..<frame.width {
      write(Int(source[pixel]), to: samples + (frame.left + pixel) * 3)
    }
  }

  private func readLine(_ line: UnsafeMutablePointer<UInt8>) throws {
    guard DGifGetLine(gif, line, Int32(frame.width)) == GIF_OK else {
      throw Self.failure(gif.pointee.Error, file)
    }
  }

  private func write(_ index: Int, to pixel: UnsafeMutablePointer<UInt8>) {
    for channel in 0..<3 { pixel[channel] = colours[index * 3 + channel] }
  }
}
