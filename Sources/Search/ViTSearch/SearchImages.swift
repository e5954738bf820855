internal import Tensors
package import ViTRuntime

/// The images that a search looks at.
package struct SearchImages: Sendable {
  /// Paths, in order of names.
  package let paths: [String]

  /// In ``views`` views, one behind the other: cropped as the model wants them, four fifths of that as if it were the
  /// whole image, and both mirrored. They cost no label and tell almost as much as other images.
  let crops: [RGBImage]

  /// Further images of the folder, in an order that the seed decides: enough to tell how sure a plan is of images, which
  /// one run of the plan does.
  let others: [String]

  /// The largest image that is decoded, in pixels.
  let maximumPixels: Int

  /// How many images tell how sure a plan is, at most.
  private static let mostForMargins = 512

  /// How many views there are of each image.
  package static let views = 4

  /// Of paths and pixels.
  let checksum: UInt64

  /// Takes up to `count` of the images at `paths`, by a seed.
  /// - Parameter skipped: told of every image that cannot be read, in whose place another one is taken.
  /// - Throws: `InputError` if none can be read or memory runs out.
  package init(
    _ paths: [String], in folder: String, count: Int, seed: Int, for classifier: Classifier,
    maximumPixels: Int, skipped: (InputError) -> Void
  ) throws {
    var random = SplitMix64(seed: UInt64(bitPattern: Int64(seed)))
    var chosen: [(path: String, crop: RGBImage)] = []
    var others: [String] = []
    for path in paths.shuffled(using: &random) {
      guard chosen.count < count else {
        if chosen.count + others.count < Self.mostForMargins { others.append(path) }
        continue
      }
      do {
        let crop = try classifier.preprocessing.prepare(
          path: path, orientation: .ignore, maximumPixels: maximumPixels
        ).crop
        chosen.append((path, crop))
      } catch let error as InputError where error.kind != .outOfResources {
        skipped(error)
      }
    }
    guard !chosen.isEmpty else {
      throw InputError(
        file: folder, field: "images", expected: "at least one that can be read", found: "none")
    }
    chosen.sort { $0.path < $1.path }
    self.paths = chosen.map(\.path)
    self.others = others
    self.maximumPixels = maximumPixels
    let zoomed = try chosen.enumerated().map { index, image in
      try classifier.preprocessing.crop(
        .decoded(Self.corner(index % 4, of: image.crop), name: image.path))
    }
    let views = [chosen.map(\.crop), zoomed]
    crops = views.joined() + views.joined().map(Self.mirrored)
    checksum = Self.checksum(chosen)
  }

  /// Four fifths of an image's sides, in one of its corners.
  private static func corner(_ corner: Int, of image: RGBImage) -> RGBImage {
    let (width, height) = (max(1, image.width * 4 / 5), max(1, image.height * 4 / 5))
    let left = corner % 2 == 0 ? 0 : image.width - width
    let top = corner / 2 == 0 ? 0 : image.height - height
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * 3)
    for y in top..<top + height {
      let start = (y * image.width + left) * 3
      pixels += image.pixels[start..<start + width * 3]
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }

  private static func mirrored(_ image: RGBImage) -> RGBImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(image.pixels.count)
    for y in 0..<image.height {
      for x in (0..<image.width).reversed() {
        let pixel = image[x, y]
        pixels += [pixel.red, pixel.green, pixel.blue]
      }
    }
    return RGBImage(width: image.width, height: image.height, pixels: pixels)
  }

  private static func checksum(_ images: [(path: String, crop: RGBImage)]) -> UInt64 {
    images.reduce(0) { sum, image in
      let name = Array(image.path.utf8).withUnsafeBytes { XXH64().finish($0) }
      let pixels = image.crop.pixels.withUnsafeBytes { XXH64().finish($0) }
      return (sum &+ name ^ pixels) &* 0x9E37_79B9_7F4A_7C15
    }
  }
}
