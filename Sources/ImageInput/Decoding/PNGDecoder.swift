internal import CSPNG
internal import Tensors

/// PNG by libspng, whose errors are return values.
enum PNGDecoder {
  /// The most memory for all ancillary chunks together, and for one.
  private static let chunkLimit = 64 << 20

  /// Decodes every colour type and depth; alpha is dropped, not blended.
  static func decode(_ bytes: UnsafeRawBufferPointer, file: String) throws -> Picture {
    let header = try PNGChunks(bytes, file: file).header
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
    let format = Int32(isDeepGrey ? SPNG_FMT_RAW.rawValue : SPNG_FMT_RGB8.rawValue)
    let area = header.width * header.height
    var size = 0
    try check(spng_decoded_image_size(context, format, &size))
    try check(size == area * (isDeepGrey ? 2 : 3) ? 0 : Int32(SPNG_EBUFSIZ.rawValue))
    var status: Int32 = 0
    let samples = [UInt8](unsafeUninitializedCapacity: area * 3) { buffer, count in
      status = spng_decode_image(context, buffer.baseAddress, size, format, 0)
      if isDeepGrey && status == 0 { spreadDeepGrey(buffer, pixels: area) }
      count = status == 0 ? area * 3 : 0
    }
    try check(status)
    return Picture(width: header.width, height: header.height, pixels: samples)
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
