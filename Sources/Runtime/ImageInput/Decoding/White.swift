/// Transparent pixels on a white ground, as Pillow's `alpha_composite` has them.
enum White {
  /// RGBA to RGB.
  static func composite(
    _ colours: UnsafePointer<UInt8>, to samples: UnsafeMutablePointer<UInt8>, pixels: Int
  ) {
    for pixel in 0..<pixels {
      let alpha = UInt32(colours[pixel * 4 + 3])
      for channel in 0..<3 {
        let sample = UInt32(colours[pixel * 4 + channel])
        // Pillow's weights have 7 fractional bits, and it divides by 255 by shifts.
        let sum = (sample * alpha + 255 * (255 - alpha) + 128) << 7
        samples[pixel * 3 + channel] = UInt8(truncatingIfNeeded: ((sum >> 8) + sum) >> 15)
      }
    }
  }

  /// Makes the pixels of one colour white.
  static func replace(
    _ colour: [UInt8], in samples: UnsafeMutablePointer<UInt8>, pixels: Int
  ) {
    let (red, green, blue) = (colour[0], colour[1], colour[2])
    for index in stride(from: 0, to: pixels * 3, by: 3)
    where samples[index] == red && samples[index + 1] == green && samples[index + 2] == blue {
      for channel in 0..<3 { samples[index + channel] = 255 }
    }
  }
}
