import CZlib
import ImageInput
import Tensors
import TestSupport

/// Pictures: decoded, and turned as their EXIF data asks.
struct PictureTarget: Target {
  let corpus: [[UInt8]]

  init() throws {
    corpus = try [
      "filtered.png", "interlaced.png", "palette8_trns.png", "grey16.png", "greyalpha8.png",
      "rgba16.png", "exif6.png", "baseline.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg",
      "ycck.jpg", "grey.jpg", "exif6.jpg", "lossy.webp", "lossy_alpha.webp", "lossless_alpha.webp",
      "exif6.webp",
    ].map { try Files.tests("ImageInputTests/Fixtures/\($0)") }
  }

  func mutate(_ input: inout [UInt8], _ source: inout RandomSource) {
    ByteMutator.mutate(&input, &source)
    if !source.once(in: 4) { PNGSeal.seal(&input) }
  }

  func check(_ input: [UInt8]) throws -> Bool {
    do {
      let picture = try input.withUnsafeBytes {
        try PictureDecoder.decode($0, file: "picture", orientation: .apply)
      }
      let area = picture.width * picture.height
      guard area > 0, area <= Picture.maximumArea, picture.pixels.count == area * 3 else {
        throw Finding(
          text: "\(picture.pixels.count) samples of \(picture.width) x \(picture.height) pixels")
      }
      return true
    } catch let error as InputError {
      try ErrorLine.check(error)
      return false
    }
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
