/// A decoded picture: 8-bit RGB, rows from top to bottom, `[height, width, 3]`.
public struct Picture: Sendable, Equatable {
  /// The largest area that is decoded, in pixels (Pillow's own limit against bombs).
  public static let maximumArea = 178_956_970

  /// Pixels in a row.
  public let width: Int

  /// Rows.
  public let height: Int

  /// Samples, `height * width * 3` of them.
  public internal(set) var pixels: [UInt8]

  /// Makes a picture of samples that fill it.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height * 3)
    self.width = width
    self.height = height
    self.pixels = pixels
  }

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
