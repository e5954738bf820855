internal import Glibc
internal import ImageInput
internal import Tensors
internal import Testing

@Suite struct PreprocessingTests {
  static let shared = Fixture.folder + "../../../../shared/"
  static let hasShared = access(shared + "golden/deit_tiny/input4.npy", R_OK) == 0

  static func preprocessing(
    height: Int = 224, width: Int = 224, crop: Double = 0.9,
    interpolation: Preprocessing.Interpolation = .bicubic
  ) -> Preprocessing {
    Preprocessing(
      height: height, width: width, cropFraction: crop, interpolation: interpolation,
      mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
  }

  @Test func everyCropEqualsTimms() throws {
    let table = try Fixture.table("cropped.tsv")
    #expect(table.count >= 60)
    for row in table {
      let preprocessing = Self.preprocessing(
        height: try #require(Int(row[1])), width: try #require(Int(row[2])),
        crop: try #require(Double(row[3])),
        interpolation: row[4] == "bicubic" ? .bicubic : .bilinear)
      let crop = preprocessing.crop(try PictureDecoder.read(path: Fixture.path(row[0])))
      #expect(hash(crop) == row[5], "\(row)")
    }
  }

  @Test func cropLargerThanTheResizedPictureIsPaddedWithBlack() {
    let white = Picture(width: 8, height: 8, pixels: [UInt8](repeating: 255, count: 192))
    let crop = Self.preprocessing(height: 9, width: 9, crop: 1.6).crop(white)
    // Resized to 5 x 5; two black pixels on every side.
    for y in 0..<9 {
      for x in 0..<9 {
        let isInside = (2..<7).contains(x) && (2..<7).contains(y)
        #expect(crop[x, y].green == (isInside ? 255 : 0))
      }
    }
  }

  @Test func normalisationIsFloat32InTorchvisionsOrder() {
    let preprocessing = Self.preprocessing(height: 16, width: 16)
    let pixels = (0..<256).flatMap { value in [UInt8](repeating: UInt8(value), count: 3) }
    var tensor = [Float](repeating: .nan, count: 3 * 256)
    tensor.withUnsafeMutableBufferPointer {
      preprocessing.normalise(Picture(width: 16, height: 16, pixels: pixels), into: $0)
    }
    for channel in 0..<3 {
      for value in 0..<256 {
        let scaled = Float(value) / 255 - preprocessing.mean[channel]
        let expected = scaled / preprocessing.standardDeviation[channel]
        #expect(tensor[channel * 256 + value] == expected)
      }
    }
  }

  @Test func extremeShapesNeedNoMoreMemoryThanTheirCrop() {
    for (width, height) in [(1, 1), (1, 60_000), (60_000, 1), (2, 9_999)] {
      let grey = Picture(
        width: width, height: height, pixels: [UInt8](repeating: 77, count: width * height * 3))
      let crop = Self.preprocessing().crop(grey)
      #expect(crop.pixels.allSatisfy { $0 == 77 })
    }
  }

  @Test(.enabled(if: hasShared, "needs ../shared"))
  func firstFourPicturesEqualTheGoldenTensor() throws {
    let golden = try NPYFile.readFloat32(path: Self.shared + "golden/deit_tiny/input4.npy")
    let listing = try MappedFile(path: Self.shared + "golden/deit_tiny/images.json")
    let names = listing.withBytes { String(decoding: $0, as: UTF8.self) }
      .split(separator: "\"").filter { $0.hasSuffix(".JPEG") }.prefix(4).map(String.init)
    #expect(names.count == 4)
    let preprocessing = Self.preprocessing()
    let count = 3 * 224 * 224
    var tensor = [Float](repeating: .nan, count: count)
    for (index, name) in names.enumerated() {
      let path = Self.shared + "data/imagenet-sample/" + name
      let crop = preprocessing.crop(try PictureDecoder.read(path: path))
      tensor.withUnsafeMutableBufferPointer { preprocessing.normalise(crop, into: $0) }
      let expected = golden.values[index * count..<(index + 1) * count]
      let difference = zip(tensor, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference <= 1e-6, "\(name)")
    }
  }
}
