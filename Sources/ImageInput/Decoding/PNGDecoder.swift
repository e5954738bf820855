internal import CSPNG
internal import Tensors

/// PNG by libspng, whose errors are return values.
enum PNGDecoder {
  /// The most memory for all ancillary chunks together, and for one.
  private static let chunkLimit = 64 << 20

  /// Decodes every colour type and depth.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, file: String, alpha: PictureDecoder.Alpha
  ) throws -> Picture {
    let chunks = try PNGChunks(bytes, file: file)
    guard let ended = chunks.ended() else {
      return try decode(bytes, chunks, file: file, alpha: alpha)
    }
    return try ended.withUnsafeBytes { try decode($0, chunks, file: file, alpha: alpha) }
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, _ chunks: PNGChunks, file: String, alpha: PictureDecoder.Alpha
  ) throws -> Picture {
    let header = chunks.header
    guard let context = spng_ctx_new(0) else {
      throw InputError.pictureData(file, "PNG", found: "no memory for a decoder")
    }
    defer { spng_ctx_free(context) }
    func check(_ status: Int32) throws {
      guard status == 0 else {
        throw InputError.pictureData(
          file, "PNG", found: "libspng: " + String(cString: spng_strerror(status)))
      }
    }
    try check(spng_set_image_limits(context, 0x7FFF_FFFF, 0x7FFF_FFFF))
    try check(spng_set_chunk_limits(context, chunkLimit, chunkLimit))
    try check(spng_set_png_buffer(context, bytes.baseAddress, bytes.count))
    let isDeepGrey =
      header.colourType == SPNG_COLOR_TYPE_GRAYSCALE.rawValue && header.depth == 16
    let hasAlpha = alpha == .onWhite && Self.hasAlpha(chunks)
    let (format, depth) =
      isDeepGrey ? (SPNG_FMT_RAW, 2) : hasAlpha ? (SPNG_FMT_RGBA8, 4) : (SPNG_FMT_RGB8, 3)
    let flags = hasAlpha ? Int32(SPNG_DECODE_TRNS.rawValue) : 0
    let area = header.width * header.height
    var size = 0
    try check(spng_decoded_image_size(context, Int32(format.rawValue), &size))
    try check(size == area * depth ? 0 : Int32(SPNG_EBUFSIZ.rawValue))
    var status: Int32 = 0
    let samples = [UInt8](unsafeUninitializedCapacity: area * max(3, depth)) { buffer, count in
      status = spng_decode_image(
        context, buffer.baseAddress, size, Int32(format.rawValue), flags)
      count = status == 0 ? area * 3 : 0
      guard status == 0 else { return }
      if isDeepGrey { spreadDeepGrey(buffer, pixels: area) }
      if hasAlpha { White.composite(buffer, pixels: area) }
      if alpha == .onWhite, let key = transparentColour(chunks) {
        White.replace(key, in: buffer, pixels: area)
      }
    }
    try check(status)
    return Picture(width: header.width, height: header.height, pixels: samples)
  }

  /// Whether pixels or the palette have alphas.
  private static func hasAlpha(_ chunks: PNGChunks) -> Bool {
    switch spng_color_type(UInt32(chunks.header.colourType)) {
    case SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA: true
    case SPNG_COLOR_TYPE_INDEXED: chunks.transparency != nil
    default: false
    }
  }

  /// The colour that stands for a transparent pixel. As in Pillow it is compared with what has become
  /// of the samples, 8 bits, though the file gives it in the file's depth.
  private static func transparentColour(_ chunks: PNGChunks) -> [UInt8]? {
    guard let data = chunks.transparency else { return nil }
    switch spng_color_type(UInt32(chunks.header.colourType)) {
    case SPNG_COLOR_TYPE_GRAYSCALE where data.count >= 2:
      let isBit = chunks.header.depth == 1
      let key = isBit ? (data[0] | data[1] == 0 ? 0 : 255) : data[1]
      return [key, key, key]
    case SPNG_COLOR_TYPE_TRUECOLOR where data.count >= 6: return [data[1], data[3], data[5]]
    default: return nil
    }
  }

  /// Big-endian 16-bit grey to RGB as Pillow converts its mode `I;16`, where values above 255 are
  /// white; in place, backwards, three bytes for two.
  private static func spreadDeepGrey(_ samples: UnsafeMutableBufferPointer<UInt8>, pixels: Int) {
    for pixel in (0..<pixels).reversed() {
      let value = samples[pixel * 2] == 0 ? samples[pixel * 2 + 1] : 255
      samples[pixel * 3] = value
      samples[pixel * 3 + 1] = value
      samples[pixel * 3 + 2] = value
    }
  }
}
