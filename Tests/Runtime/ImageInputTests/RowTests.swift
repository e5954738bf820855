internal import ImageInput
internal import Tensors
internal import Testing

/// Images are resized while their rows are decoded; that is no other image.
@Suite struct RowTests {
  @Test(arguments: [ImageDecoder.Orientation.ignore, .apply])
  func cropOfRowsIsTheCropOfTheWholeImage(orientation: ImageDecoder.Orientation) throws {
    let cases = try PreprocessingCases.read().sorted { $0.key < $1.key }
    var count = 0
    for (index, name) in Set(try Fixture.table("decoded.tsv").map { $0[0] }).sorted().enumerated() {
      let bytes = try Fixture.bytes(name)
      // Every image with a third of the cases, every case with a third of the images.
      for (_, preprocessing) in cases[(index % 3)...].enumerated().filter({ $0.offset % 3 == 0 })
        .map(\.element)
      {
        let image = try bytes.withUnsafeBytes {
          try ImageDecoder.decode(
            $0, file: name, orientation: orientation, alpha: preprocessing.alpha)
        }
        guard let whole = try? preprocessing.crop(image) else { continue }
        let streamed = try bytes.withUnsafeBytes {
          try preprocessing.prepare(
            $0, file: name, orientation: orientation,
            maximumPixels: ImageDecoder.usualMaximumPixels)
        }
        #expect(streamed.crop == whole, "\(name), \(preprocessing)")
        count += 1
      }
    }
    #expect(count > 500)
  }

  /// A long image on its side in each of the eight orientations, so that both passes come first once
  /// and every axis is mirrored.
  @Test(arguments: 1...8)
  func everyOrientationIsResizedAsTheTurnedImage(code: UInt8) throws {
    var bytes = try Fixture.bytes("exif6.png")
    let tag = try #require(bytes.firstPlace(of: Array("eXIf".utf8)))
    let upright = try #require(bytes[tag...].firstIndex(of: 6))
    bytes[upright] = code
    for (height, width) in [(7, 5), (3, 40), (40, 3), (64, 48)] {
      for interpolation in Preprocessing.Interpolation.allCases {
        let preprocessing = Preprocessing(
          height: height - 2, width: width - 1, resize: .squash(height: height, width: width),
          interpolation: interpolation, mean: [0, 0, 0], standardDeviation: [1, 1, 1])
        let turned = try decode(bytes, orientation: .apply)
        let streamed = try bytes.withUnsafeBytes {
          try preprocessing.prepare(
            $0, file: "image", orientation: .apply,
            maximumPixels: ImageDecoder.usualMaximumPixels)
        }
        #expect(try streamed.crop == preprocessing.crop(turned), "\(height) x \(width)")
      }
    }
  }

  @Test(arguments: ["lossy.webp", "lossless.webp", "lossy_alpha.webp"], [1, 2, 3, 8])
  func bandsOfWebPAreTheWholeImage(name: String, rows: Int) throws {
    let bytes = try Fixture.bytes(name)
    for alpha in [ImageDecoder.Alpha.drop, .onWhite] {
      let whole = try decode(bytes, alpha: alpha)
      let banded = try bytes.withUnsafeBytes { bytes in
        let source = try WebPRows(
          bytes, file: name, alpha: alpha, limit: PixelLimit(pixels: 1 << 20), bandRows: rows)
        try source.start()
        return try RGBImage(reading: source, file: name)
      }
      #expect(banded == whole)
    }
  }

  @Test func largestAreaIsTheCallers() throws {
    for name in [
      "baseline.jpg", "progressive.jpg", "filtered.png", "interlaced.png", "lossy.webp",
      "animation_part.webp", "bmp_24.bmp", "bmp_rle8.bmp", "gif_part.gif", "gif_interlaced17.gif",
      "tiff_lzw.tif", "tiff_deflate_tiles.tif",
    ] {
      let bytes = try Fixture.bytes(name)
      let image = try decode(bytes)
      let area = image.width * image.height
      func limited(to limit: Int) throws -> RGBImage {
        try bytes.withUnsafeBytes {
          try ImageDecoder.decode($0, file: name, alpha: .drop, maximumPixels: limit)
        }
      }
      #expect(try limited(to: area) == image)
      let error = #expect(throws: InputError.self) { try limited(to: area - 1) }
      #expect(error?.expected.contains("\(area - 1) pixels") == true)
    }
  }
}
