internal import CTIFFRows
internal import Tensors

/// What the samples of a TIFF are, of the kinds that are read.
struct TIFFForm {
  /// What a pixel's colours are, in samples that have been brought to 8 bits.
  enum Colours {
    /// From black, or from white where inverted.
    case grey(isInverted: Bool)
    /// RGB of each value.
    case palette([UInt8])
    case rgb
    case inks
  }

  /// What the sample behind the colours is.
  enum Alpha {
    case none
    /// Its colours are as they are seen.
    case straight
    /// Its colours have been multiplied by it.
    case premultiplied
  }

  /// libtiff's codes of the compressions that are read: none, LZW, JPEG, deflate under both of its numbers, PackBits.
  private static let compressions: Set<UInt16> = [1, 5, 7, 8, 32946, 32773]

  let colours: Colours
  let alpha: Alpha
  let bits: Int

  /// Samples of a pixel.
  let samples: Int

  /// - Parameters:
  ///   - header: what libtiff says, which makes up for what a file leaves out.
  ///   - directory: what the file itself says.
  /// - Throws: `InputError` for what is not read.
  init(_ header: vit_tiff_header, _ directory: TIFFDirectory, file: String) throws {
    func refuse(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError.imageField(file, "TIFF \(field)", expected: expected, found: found)
    }
    let code = Int(header.photometric)
    guard Self.compressions.contains(header.compression) else {
      throw refuse("compression", "none, LZW, JPEG, deflate or PackBits", "\(header.compression)")
    }
    guard header.sample_format == 1 else {
      throw refuse("sample format", "1, numbers without a sign", "\(header.sample_format)")
    }
    bits = Int(header.bits)
    samples = Int(header.samples)
    guard [1, 2, 4, 8, 16].contains(bits) else {
      throw refuse("bits a sample", "1, 2, 4, 8 or 16", "\(bits)")
    }
    guard bits < 16 || header.fill_order == 1 else {
      throw refuse("fill order", "1 for 16 bits a sample", "\(header.fill_order)")
    }
    guard (code == 3) == directory.isPalette, code != 3 || header.red != nil else {
      throw refuse(
        "colour map", "three times as many numbers as there are values of a pixel",
        "none, or others")
    }
    let count: Int
    switch (code, bits) {
    case (0, ..<16), (1, _):
      (colours, count) = (.grey(isInverted: code == 0), 1)
    case (2, 8...), (6, 8):
      // Of YCbCr libtiff makes RGB where it is coded as JPEG.
      guard code == 2 || (header.compression == 7 && header.is_planar == 0) else {
        throw refuse("photometric", "YCbCr only coded as JPEG", "6, YCbCr")
      }
      (colours, count) = (.rgb, 3)
    case (3, ...8):
      colours = .palette(Self.palette(header))
      count = 1
    case (5, 8...):
      guard header.inks == 1 else { throw refuse("ink set", "1, CMYK", "\(header.inks)") }
      (colours, count) = (.inks, 4)
    default:
      throw refuse(
        "photometric", "0 below 16 bits, 1, 2 from 8 bits on, 3 up to 8, 5 from 8 on, or 6 of 8",
        "\(code) of \(bits) bits")
    }
    guard samples == count || (samples > count && samples <= 6 && (bits == 8 || code == 2)) else {
      throw refuse(
        "samples a pixel", "\(count), or up to 6 of 8 bits or of RGB", "\(samples)")
    }
    guard directory.extraKind == nil || samples == count + Int(header.extra_samples) else {
      throw refuse(
        "samples a pixel", "\(count) and \(header.extra_samples) that are no colours", "\(samples)")
    }
    guard header.further_alphas == 0 else {
      throw refuse("extra samples", "0 behind the first", "another")
    }
    alpha = try Self.alpha(directory.extraKind, colours, extra: samples - count, file)
  }

  private static func alpha(
    _ kind: Int?, _ colours: Colours, extra: Int, _ file: String
  ) throws -> Alpha {
    switch (colours, kind) {
    case (_, nil) where extra == 0: return .none
    case (_, 0): return .none
    case (.rgb, nil) where extra == 1: return .straight
    case (.rgb, 2), (.rgb, 999), (.grey, 2): return .straight
    case (.rgb, 1): return .premultiplied
    default:
      throw InputError.imageField(
        file, "TIFF extra samples", expected: "0, or of grey 2, or of RGB 1 or 2",
        found: kind.map { "\($0)" } ?? "none named, but \(extra) there")
    }
  }

  /// The upper bytes of a colour map.
  private static func palette(_ header: vit_tiff_header) -> [UInt8] {
    guard let red = header.red, let green = header.green, let blue = header.blue else { return [] }
    return (0..<(1 << Int(header.bits))).flatMap { index in
      [red, green, blue].map { UInt8($0[index] >> 8) }
    }
  }
}

extension TIFFForm {
  /// Whether colours are greys.
  var isGrey: Bool {
    if case .grey = colours { true } else { false }
  }
}
