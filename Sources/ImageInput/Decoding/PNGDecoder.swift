internal import CSPNG
internal import Tensors

/// PNG by libspng, whose errors are return values.
enum PNGDecoder {
  /// The largest chunk, and the most memory for all ancillary chunks, that is accepted.
  private static let chunkLimit = 64 << 20

  /// Decodes every colour type and depth; alpha is dropped, not blended.
  static func decode(_ bytes: UnsafeRawBufferPointer, file: String) throws -> Picture {
    guard let context = spng_ctx_new(0) else {
      throw InputError(file: file, field: "PNG", expected: "a decoder", found: "none")
    }
    defer { spng_ctx_free(context) }
    func check(_ status: Int32) throws {
      guard status == 0 else {
        throw InputError(
          file: file, field: "PNG data", expected: "a whole picture",
          found: "libspng: " + String(cString: spng_strerror(status)))
      }
    }
    try check(spng_set_image_limits(context, 0x7FFF_FFFF, 0x7FFF_FFFF))
    try check(spng_set_chunk_limits(context, chunkLimit, chunkLimit))
    try check(spng_set_png_buffer(context, bytes.baseAddress, bytes.count))
    var header = spng_ihdr()
    try check(spng_get_ihdr(context, &header))
    let (width, height) = (Int(header.width), Int(header.height))
    try PictureDecoder.checkExtents(width: width, height: height, file: file)
    let isDeepGrey =
      header.color_type == SPNG_COLOR_TYPE_GRAYSCALE.rawValue && header.bit_depth == 16
    let format = isDeepGrey ? SPNG_FMT_RAW.rawValue : SPNG_FMT_RGB8.rawValue
    var size = 0
    try check(spng_decoded_image_size(context, Int32(format), &size))
    var status: Int32 = 0
    let samples = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      status = spng_decode_image(context, buffer.baseAddress, size, Int32(format), 0)
      count = size
    }
    try check(status)
    return Picture(
      width: width, height: height, pixels: isDeepGrey ? rgb(fromDeepGrey: samples) : samples)
  }

  /// Big-endian 16-bit grey to RGB as Pillow converts its mode `I;16`: values above 255 are white.
  private static func rgb(fromDeepGrey samples: [UInt8]) -> [UInt8] {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(samples.count / 2 * 3)
    for index in stride(from: 0, to: samples.count, by: 2) {
      let value = samples[index] == 0 ? samples[index + 1] : 255
      pixels.append(value)
      pixels.append(value)
      pixels.append(value)
    }
    return pixels
  }
}
