internal import CWebP
internal import Tensors

/// WebP by libwebp: lossy and lossless stills.
enum WebPDecoder {
  static func decode(
    _ bytes: UnsafeRawBufferPointer, file: String, alpha: PictureDecoder.Alpha
  ) throws -> Picture {
    let source = bytes.bindMemory(to: UInt8.self)
    func check(_ status: VP8StatusCode) throws {
      guard status == VP8_STATUS_OK else {
        throw InputError.pictureData(file, "WebP", found: "libwebp: " + words(status))
      }
    }
    var config = WebPDecoderConfig()
    guard WebPInitDecoderConfig(&config) != 0 else {
      throw InputError.pictureData(file, "WebP", found: "another version of libwebp")
    }
    try check(WebPGetFeatures(source.baseAddress, source.count, &config.input))
    let (width, height) = (Int(config.input.width), Int(config.input.height))
    try PictureDecoder.checkExtents(width: width, height: height, file: file)
    guard config.input.has_animation == 0 else {
      throw InputError.pictureData(file, "WebP", found: "an animation")
    }
    let hasAlpha = alpha == .onWhite && config.input.has_alpha != 0
    let area = width * height
    let depth = hasAlpha ? 4 : 3
    var status = VP8_STATUS_OK
    let pixels = [UInt8](unsafeUninitializedCapacity: area * depth) { buffer, count in
      config.output.colorspace = hasAlpha ? MODE_RGBA : MODE_RGB
      config.output.is_external_memory = 1
      config.output.u.RGBA.rgba = buffer.baseAddress
      config.output.u.RGBA.stride = Int32(width * depth)
      config.output.u.RGBA.size = area * depth
      status = WebPDecode(source.baseAddress, source.count, &config)
      count = status == VP8_STATUS_OK ? area * 3 : 0
      if hasAlpha && status == VP8_STATUS_OK { White.composite(buffer, pixels: area) }
    }
    try check(status)
    return Picture(width: width, height: height, pixels: pixels)
  }

  private static func words(_ status: VP8StatusCode) -> String {
    switch status {
    case VP8_STATUS_OUT_OF_MEMORY: "out of memory"
    case VP8_STATUS_BITSTREAM_ERROR: "bitstream error"
    case VP8_STATUS_UNSUPPORTED_FEATURE: "unsupported feature"
    case VP8_STATUS_NOT_ENOUGH_DATA: "not enough data"
    default: "error \(status.rawValue)"
    }
  }
}
