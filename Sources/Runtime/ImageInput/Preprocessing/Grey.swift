/// Pillow's `convert("L")`, for models of one channel.
///
/// A grey pixel has three equal samples here, and filters do the same with each of them, so that the resized image has
/// the samples of Pillow's image of one channel.
enum Grey {
  /// Makes RGB pixels grey, in place: `(19595 R + 38470 G + 7471 B + 2^15) / 2^16`, rounded down, which leaves grey
  /// ones as they are.
  static func convert(_ samples: UnsafeMutableBufferPointer<UInt8>, pixels: Int) {
    for start in stride(from: 0, to: pixels * 3, by: 3) {
      let sum =
        19595 * UInt32(samples[start]) + 38470 * UInt32(samples[start + 1])
        + 7471 * UInt32(samples[start + 2]) + 0x8000
      let grey = UInt8(truncatingIfNeeded: sum >> 16)
      for channel in 0..<3 { samples[start + channel] = grey }
    }
  }
}

extension RGBImage {
  /// The image in grey.
  var grey: RGBImage {
    var image = self
    let area = width * height
    image.pixels.withUnsafeMutableBufferPointer { Grey.convert($0, pixels: area) }
    return image
  }
}
