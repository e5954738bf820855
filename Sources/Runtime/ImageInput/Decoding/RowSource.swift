/// An image as a decoder gives it: rows of 8-bit RGB from top to bottom, so that nobody has to hold the
/// whole of it.
///
/// A source reads bytes that its maker keeps alive.
package protocol RowSource: AnyObject {
  /// Pixels in a row.
  var width: Int { get }

  /// Rows.
  var height: Int { get }

  /// Bytes that the source holds from ``start()`` on, beside what does not grow with the image.
  var heldBytes: Int { get }

  /// Takes what the source has to hold; before the first row.
  /// - Throws: `InputError` if there is no memory for it or the data are damaged.
  func start() throws

  /// Writes the next row, `width * 3` samples. With the last one, what follows it in the file is
  /// checked too.
  /// - Throws: `InputError` where the data are damaged or end.
  func read(into row: UnsafeMutablePointer<UInt8>) throws
}

extension RowSource {
  /// Writes the next rows.
  /// - Parameters:
  ///   - rows: how many, as their numbers.
  ///   - samples: where they go; their number may be larger.
  func read(_ rows: Range<Int>, into samples: UnsafeMutableBufferPointer<UInt8>) throws {
    guard let base = samples.baseAddress else { return }
    for line in 0..<rows.count { try read(into: base + line * width * 3) }
  }
}

extension RGBImage {
  /// Reads a source that has been started.
  package init(reading source: some RowSource, file: String) throws {
    let (width, height) = (source.width, source.height)
    try Self.requireMemory(width: width, height: height, for: file)
    let pixels = try [UInt8](unsafeUninitializedCapacity: width * height * 3) { samples, count in
      try source.read(0..<height, into: samples)
      count = width * height * 3
    }
    self.init(width: width, height: height, pixels: pixels)
  }
}
