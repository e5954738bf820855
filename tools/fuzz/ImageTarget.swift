import CZlib
import ImageInput
import Tensors
import TestSupport

/// Images: decoded, turned as their EXIF data asks, resized and cropped by one of many rules.
struct ImageTarget: Target {
  let corpus: [[UInt8]]

  init() throws {
    corpus = try [
      "filtered.png", "interlaced.png", "palette8_trns.png", "grey16.png", "greyalpha8.png",
      "rgba16.png", "exif6.png", "baseline.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg",
      "ycck.jpg", "grey.jpg", "exif6.jpg", "lossy.webp", "lossy_alpha.webp", "lossless_alpha.webp",
      "exif6.webp", "alpha_palette_some.png", "alpha_rgb16.png", "alpha_grey1.png", "one.png",
      "animation_part.webp", "bmp_1.bmp", "bmp_8_os2.bmp", "bmp_16_565.bmp", "bmp_32_masks4.bmp",
      "bmp_rle4_odd.bmp", "bmp_rle8.bmp", "gif_animated.gif", "gif_part_interlaced.gif",
      "gif_own_palette.gif", "gif_pillow.gif", "tiff_big.tif", "tiff_lzw.tif",
      "tiff_packbits_tiles.tif",
      "tiff_planes_alpha_lzw.tif", "tiff_rgb16_predicted_tiles.tif", "tiff_jpeg.tif",
      "tiff_turned6.tif", "tiff_palette4.tif", "tiff_white1.tif", "tiff_cmyk8.tif",
    ].map { try Files.tests("Runtime/ImageInputTests/Fixtures/\($0)") }
  }

  func mutate(_ input: inout [UInt8], _ source: inout RandomSource) {
    ByteMutator.mutate(&input, &source)
    if !source.once(in: 4) { PNGSeal.seal(&input) }
  }

  func check(_ input: [UInt8]) throws -> Bool {
    do {
      let preprocessing = Rules.preprocessing(for: input)
      let image = try input.withUnsafeBytes {
        try ImageDecoder.decode(
          $0, file: "image", orientation: .apply, alpha: preprocessing.alpha)
      }
      let area = image.width * image.height
      guard area > 0, area <= ImageDecoder.usualMaximumPixels,
        image.pixels.count == area * 3
      else {
        throw Finding(
          text: "\(image.pixels.count) samples of \(image.width) x \(image.height) pixels")
      }
      let crop = try preprocessing.crop(image)
      guard crop.width == preprocessing.width, crop.height == preprocessing.height else {
        throw Finding(text: "a crop of \(crop.width) x \(crop.height)")
      }
      let streamed = try input.withUnsafeBytes {
        try preprocessing.prepare(
          $0, file: "image", orientation: .apply,
          maximumPixels: ImageDecoder.usualMaximumPixels)
      }
      guard streamed.crop == crop else { throw Finding(text: "another crop when read in rows") }
      var tensor = [Float](repeating: .nan, count: crop.pixels.count)
      try tensor.withUnsafeMutableBufferPointer { try preprocessing.normalise(crop, into: $0) }
      guard tensor.allSatisfy(\.isFinite) else { throw Finding(text: "a value that is no number") }
      return true
    } catch let error as InputError {
      try ErrorLine.check(error)
      return false
    }
  }
}

/// A rule for each input, found again from its bytes.
private enum Rules {
  static func preprocessing(for input: [UInt8]) -> Preprocessing {
    var state = input.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    func below(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    func side() -> Int { below(8) == 0 ? 1 + below(9000) : 1 + below(64) }
    let (height, width) = (side(), side())
    let resizes: [Preprocessing.Resize] = [
      .none, .shortestEdge(height), .squash(height: height, width: width),
      .cover(height: height, width: width), .fit(height: height, width: width),
    ]
    let crops: [Preprocessing.Crop] = [.none, .torchvision, .transformers]
    let filters = Preprocessing.Interpolation.allCases
    return Preprocessing(
      height: 1 + below(64), width: 1 + below(64), resize: resizes[below(5)],
      interpolation: filters[below(filters.count)], crop: crops[below(3)],
      fill: [1, 2, 3], alpha: below(2) == 0 ? .drop : .onWhite,
      rescale: below(2) == 0 ? .divideBy255 : .multiply(1 / 127.5), mean: [0.5, 0.4, 0.3],
      standardDeviation: [0.5, 0.4, 0.3])
  }
}

/// Makes a changed PNG's checksums right again.
private enum PNGSeal {
  static func seal(_ file: inout [UInt8]) {
    guard file.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return }
    var offset = 8
    while offset + 12 <= file.count {
      let length = file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= file.count - offset - 12 else { return }
      let end = offset + 8 + length
      let checksum = file[offset + 4..<end].withUnsafeBytes {
        crc32_z(0, $0.bindMemory(to: UInt8.self).baseAddress, $0.count)
      }
      for index in 0..<4 {
        file[end + index] = UInt8(truncatingIfNeeded: checksum >> UInt(24 - 8 * index))
      }
      offset = end + 4
    }
  }
}
