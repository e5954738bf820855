/// The samples of TIFF's rows, as Pillow brings them to 8-bit RGB.
enum TIFFSamples {
  /// Brings samples to 8 bits.
  /// - Parameters:
  ///   - bits: of each sample; those of 16 have the machine's order of bytes.
  ///   - together: samples that lie beside each other for a pixel.
  ///   - isGrey: whether a sample is a grey: of 16 bits Pillow keeps the lower half, with 255 for all above it, and of
  ///     other colours the upper half.
  ///   - stride: samples from one pixel to the next in the target.
  static func unpack(
    _ source: UnsafePointer<UInt8>, bits: Int, together: Int, pixels: Int, isGrey: Bool,
    to target: UnsafeMutablePointer<UInt8>, stride: Int
  ) {
    for pixel in 0..<pixels {
      for sample in 0..<together {
        let index = pixel * together + sample
        let value: UInt8
        switch bits {
        case 8: value = source[index]
        case 16:
          let wide = UnsafeRawPointer(source).loadUnaligned(
            fromByteOffset: index * 2, as: UInt16.self)
          value = isGrey ? UInt8(min(wide, 255)) : UInt8(wide >> 8)
        default:
          let bit = index * bits
          value = source[bit / 8] >> UInt8(8 - bits - bit % 8) & (1 << UInt8(bits) - 1)
        }
        target[pixel * stride + sample] = value
      }
    }
  }

  /// Makes RGB of a row.
  /// - Parameters:
  ///   - samples: a byte each, `form.samples` a pixel.
  ///   - isOnWhite: whether the alphas count.
  ///   - colours: room for RGBA of the row, where it has alphas that matter.
  static func convert(
    _ samples: UnsafePointer<UInt8>, _ form: TIFFForm, pixels: Int, isOnWhite: Bool,
    colours: UnsafeMutablePointer<UInt8>?, to target: UnsafeMutablePointer<UInt8>
  ) {
    let stride = form.samples
    switch form.colours {
    case .grey(let isInverted):
      let spread = form.bits < 8 ? 255 / (1 << UInt8(form.bits) - 1) : 1
      for pixel in 0..<pixels {
        let grey = samples[pixel * stride] * UInt8(spread)
        for channel in 0..<3 { target[pixel * 3 + channel] = isInverted ? 255 - grey : grey }
      }
    case .palette(let palette):
      for pixel in 0..<pixels {
        let index = Int(samples[pixel * stride])
        for channel in 0..<3 { target[pixel * 3 + channel] = palette[index * 3 + channel] }
      }
    case .rgb:
      for pixel in 0..<pixels {
        for channel in 0..<3 { target[pixel * 3 + channel] = samples[pixel * stride + channel] }
      }
    case .inks: return Inks.convert(samples, stride: stride, to: target, pixels: pixels)
    }
    guard let colours else { return }
    let place = form.isGrey ? 1 : 3
    for pixel in 0..<pixels {
      let alpha = samples[pixel * stride + place]
      for channel in 0..<3 {
        let sample = Int(target[pixel * 3 + channel])
        let isDivided = form.alpha == .premultiplied && alpha != 255
        // Where nothing is seen nothing is known of the colour.
        let whole = isDivided ? (alpha == 0 ? 0 : min(255, sample * 255 / Int(alpha))) : sample
        colours[pixel * 4 + channel] = UInt8(whole)
        target[pixel * 3 + channel] = UInt8(whole)
      }
      colours[pixel * 4 + 3] = alpha
    }
    if isOnWhite { White.composite(colours, to: target, pixels: pixels) }
  }
}
