internal import CLibrary
internal import ImageInput
internal import Tensors
import TestSupport
internal import Testing

@Suite struct PreprocessingTests {
  static let shared = Fixture.folder + "../../../../../shared/"
  static let hasShared = access(shared + "golden/deit_tiny/input4.npy", R_OK) == 0

  static let deit = Preprocessing(
    height: 224, width: 224, resize: .shortestEdge(248), mean: [0.485, 0.456, 0.406],
    standardDeviation: [0.229, 0.224, 0.225])

  private static func preprocessing(
    _ height: Int, _ width: Int, _ resize: Preprocessing.Resize,
    interpolation: Preprocessing.Interpolation = .bicubic, crop: Preprocessing.Crop = .torchvision
  ) -> Preprocessing {
    Preprocessing(
      height: height, width: width, resize: resize, interpolation: interpolation, crop: crop,
      mean: [0, 0, 0], standardDeviation: [1, 1, 1])
  }

  @Test func everyCropAndTensorEqualsTimmsOrTransformers() throws {
    let cases = try PreprocessingCases.read()
    let table = try Fixture.table("cropped.tsv")
    #expect(cases.count >= 36 && table.count >= 440)
    for row in table {
      let preprocessing = try #require(cases[row[1]])
      guard row[2] != "refused" else {
        #expect(throws: InputError.self, "\(row)") {
          try preprocessing.crop(path: Fixture.path(row[0]))
        }
        continue
      }
      let crop = try preprocessing.crop(path: Fixture.path(row[0]))
      #expect(hash(crop.pixels) == row[2], "\(row)")
      #expect(try hash(bytes(of: preprocessing, crop)) == row[3], "\(row)")
    }
  }

  private func bytes(of preprocessing: Preprocessing, _ crop: RGBImage) throws -> [UInt8] {
    let count = preprocessing.channels * crop.width * crop.height
    var tensor = [Float](repeating: .nan, count: count)
    try tensor.withUnsafeMutableBufferPointer { try preprocessing.normalise(crop, into: $0) }
    return tensor.withUnsafeBytes(Array.init)
  }

  @Test(arguments: [
    (Preprocessing.Crop.torchvision, 5, 4, 0), (.torchvision, 5, 3, 1), (.torchvision, 8, 5, 1),
    (.transformers, 5, 4, 1), (.transformers, 5, 3, 1), (.transformers, 8, 5, 2),
  ])
  func paddingIsTheFillAroundTheImage(crop: Preprocessing.Crop, side: Int, size: Int, front: Int)
    throws
  {
    let preprocessing = Preprocessing(
      height: side, width: side, resize: .none, crop: crop, fill: [1, 2, 3],
      mean: [0, 0, 0], standardDeviation: [1, 1, 1])
    let result = try preprocessing.crop(grey(255, width: size, height: size))
    for y in 0..<side {
      for x in 0..<side {
        let inside = front..<front + size
        let expected: [UInt8] =
          inside.contains(x) && inside.contains(y) ? [255, 255, 255] : [1, 2, 3]
        let pixel = result[x, y]
        #expect([pixel.red, pixel.green, pixel.blue] == expected)
      }
    }
  }

  @Test func anImageThatNothingCropsIsRefusedWithBothSizes() throws {
    let preprocessing = Self.preprocessing(224, 160, .none, crop: .none)
    _ = try preprocessing.crop(grey(9, width: 160, height: 224))
    let error = #expect(throws: InputError.self) {
      try preprocessing.crop(grey(9, width: 224, height: 160), file: "wide.png")
    }
    #expect(error?.file == "wide.png" && error?.found == "224 x 160")
    #expect(error?.expected.hasPrefix("160 x 224") == true)
  }

  @Test func resizedExtentsThatPillowRefusesAreRefused() throws {
    let empty = #expect(throws: InputError.self) {
      try Self.preprocessing(32, 32, .fit(height: 32, width: 32))
        .crop(grey(9, width: 1, height: 999))
    }
    #expect(empty?.found == "0 x 32, from 1 x 999")
    let long = #expect(throws: InputError.self) {
      try Self.preprocessing(32, 32, .shortestEdge(65536)).crop(grey(9, width: 9999, height: 1))
    }
    #expect(long?.found == "655294464 x 65536, from 9999 x 1")
  }

  @Test(arguments: Preprocessing.Interpolation.allCases)
  func extremeShapesNeedNoMoreMemoryThanTheirCrop(interpolation: Preprocessing.Interpolation)
    throws
  {
    for (width, height) in [(1, 1), (1, 60_000), (60_000, 1), (2, 9_999)] {
      let image = grey(77, width: width, height: height)
      for resize in [
        Preprocessing.Resize.shortestEdge(248), .squash(height: 248, width: 248),
        .cover(height: 248, width: 300), .squash(height: 1, width: 1),
      ] {
        let crop = try Self.preprocessing(224, 224, resize, interpolation: interpolation)
          .crop(image)
        let isWhole = resize != .squash(height: 1, width: 1)
        #expect(crop[112, 112].green == 77 || !isWhole, "\(width) x \(height), \(resize)")
        #expect(!isWhole || crop.pixels.allSatisfy { $0 == 77 })
      }
    }
  }

  @Test func aModelOfAnotherNumberOfChannelsTakesNoImages() throws {
    for channels in [2, 4] {
      let preprocessing = Preprocessing(
        height: 4, width: 4, resize: .none, fill: [UInt8](repeating: 0, count: channels),
        mean: [Float](repeating: 0, count: channels),
        standardDeviation: [Float](repeating: 1, count: channels))
      for refused in [
        #expect(throws: InputError.self) { try preprocessing.crop(grey(9, width: 4, height: 4)) },
        #expect(throws: InputError.self) { try preprocessing.crop(path: Fixture.path("one.png")) },
        #expect(throws: InputError.self) { try preprocessing.read(path: Fixture.path("one.png")) },
      ] {
        #expect(refused?.kind == .unsupported && refused?.field == "channels")
      }
    }
  }

  @Test func ofAnImageInMemoryGreyIsMadeAsOfAFile() throws {
    let cases = try PreprocessingCases.read()
    let preprocessing = try #require(cases["timm_grey"])
    let file = Fixture.path("filtered.png")
    let colour = try ImageDecoder.read(path: file, alpha: .drop)
    #expect(try preprocessing.crop(colour) == preprocessing.crop(path: file))
    let read = try preprocessing.read(path: file)
    #expect(try read != colour && preprocessing.crop(read) == preprocessing.crop(path: file))
  }

  @Test(.enabled(if: hasShared, "needs ../shared"))
  func firstFourImagesEqualTheGoldenTensor() throws {
    let golden = try NPYFile.readFloat32(path: Self.shared + "golden/deit_tiny/input4.npy")
    let listing = try MappedFile(path: Self.shared + "golden/deit_tiny/images.json")
    let names = listing.withBytes { String(decoding: $0, as: UTF8.self) }
      .split(separator: "\"").filter { $0.hasSuffix(".JPEG") }.prefix(4).map(String.init)
    #expect(names.count == 4)
    let count = 3 * 224 * 224
    var tensor = [Float](repeating: .nan, count: count)
    for (index, name) in names.enumerated() {
      let path = Self.shared + "data/imagenet-sample/" + name
      let crop = try Self.deit.crop(path: path)
      try tensor.withUnsafeMutableBufferPointer { try Self.deit.normalise(crop, into: $0) }
      let expected = golden.values[index * count..<(index + 1) * count]
      #expect(mismatch(tensor, expected, within: 1e-6) == nil, "\(name)")
    }
  }
}
