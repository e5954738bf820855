internal import Tensors

/// A decoded image: 8-bit RGB, rows from top to bottom, `[height, width, 3]`.
public struct RGBImage: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int

  /// Rows.
  public let height: Int

  /// Samples, `height * width * 3` of them.
  public internal(set) var pixels: [UInt8]

  /// Makes an image of samples, `[height, width, 3]`.
  /// - Throws: `InputError` if it has no pixels, or the samples do not fill it.
  public init(width: Int, height: Int, samples: [UInt8]) throws {
    let extents = Shape(checking: [height, width, 3])
    guard width > 0, height > 0, extents?.elementCount == samples.count else {
      throw InputError(
        .invalidOption, file: "image", field: "samples",
        expected: "height x width x 3 of them, for at least one pixel",
        found: "\(samples.count), for \(height) x \(width)")
    }
    self.init(width: width, height: height, pixels: samples)
  }

  /// Makes an image of samples that are known to fill it.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height * 3)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Throws if there is no memory for an image of this size.
  static func requireMemory(width: Int, height: Int, for file: String) throws {
    try ByteBuffer.require(width * height * 3, for: file)
  }

  typealias Pixel = (red: UInt8, green: UInt8, blue: UInt8)

  /// The three samples of a pixel.
  public subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    get {
      let index = (y * width + x) * 3
      return (pixels[index], pixels[index + 1], pixels[index + 2])
    }
    set {
      let index = (y * width + x) * 3
      pixels[index] = newValue.red
      pixels[index + 1] = newValue.green
      pixels[index + 2] = newValue.blue
    }
  }
}
