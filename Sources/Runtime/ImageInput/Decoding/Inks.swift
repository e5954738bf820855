/// CMYK to RGB in Pillow's integer arithmetic.
enum Inks {
  /// Inverted CMYK, as Adobe's programs store it in JPEG.
  static func convertInverted(
    _ inks: UnsafePointer<UInt8>, to samples: UnsafeMutablePointer<UInt8>, pixels: Int
  ) {
    for pixel in 0..<pixels {
      let light = Int32(inks[pixel * 4 + 3])
      for channel in 0..<3 {
        samples[pixel * 3 + channel] = shade(255 - inks[pixel * 4 + channel], light)
      }
    }
  }

  /// CMYK as TIFF has it, 255 for all of an ink; `stride` samples a pixel.
  static func convert(
    _ inks: UnsafePointer<UInt8>, stride: Int, to samples: UnsafeMutablePointer<UInt8>, pixels: Int
  ) {
    for pixel in 0..<pixels {
      let light = 255 - Int32(inks[pixel * stride + 3])
      for channel in 0..<3 {
        samples[pixel * 3 + channel] = shade(inks[pixel * stride + channel], light)
      }
    }
  }

  @inline(__always)
  private static func shade(_ ink: UInt8, _ light: Int32) -> UInt8 {
    let product = Int32(ink) * light + 128
    return UInt8(truncatingIfNeeded: max(0, light - ((product >> 8) + product) >> 8))
  }
}
