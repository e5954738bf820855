internal import CSPNG
internal import CLibrary
internal import Tensors

/// PNG by libspng.
public enum PNGEncoder {
  /// The image as an 8-bit RGB PNG.
  public static func encode(_ image: RGBImage) throws -> [UInt8] {
    guard let context = spng_ctx_new(Int32(SPNG_CTX_ENCODER.rawValue)) else {
      throw InputError.pngEncoder("out of memory")
    }
    defer { spng_ctx_free(context) }
    func check(_ status: Int32) throws {
      guard status == 0 else { throw InputError.pngEncoder(String(cString: spng_strerror(status))) }
    }
    try check(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1))
    var header = spng_ihdr()
    header.width = UInt32(image.width)
    header.height = UInt32(image.height)
    header.bit_depth = 8
    header.color_type = UInt8(SPNG_COLOR_TYPE_TRUECOLOR.rawValue)
    try check(spng_set_ihdr(context, &header))
    try check(
      image.pixels.withUnsafeBytes {
        spng_encode_image(
          context, $0.baseAddress, $0.count, Int32(SPNG_FMT_PNG.rawValue),
          Int32(SPNG_ENCODE_FINALIZE.rawValue))
      })
    var size = 0
    var status: Int32 = 0
    guard let buffer = spng_get_png_buffer(context, &size, &status) else {
      throw InputError.pngEncoder(String(cString: spng_strerror(status)))
    }
    defer { free(buffer) }
    return Array(UnsafeRawBufferPointer(start: buffer, count: size))
  }

  /// Writes the image as a PNG file that appears whole or not at all.
  public static func write(_ image: RGBImage, to path: String) throws {
    var output = try OutputFile(path: path)
    try output.append(try encode(image))
    try output.commit()
  }
}
