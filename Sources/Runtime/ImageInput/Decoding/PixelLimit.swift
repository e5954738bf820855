internal import Tensors

/// How large an image may be, checked by its header before anything is taken for its pixels.
package struct PixelLimit {
  /// What an image may hold beside ``bytesPerPixel``.
  private static let baseBytes = 64 << 20

  private static let bytesPerPixel = 4

  /// The most pixels.
  package let pixels: Int

  package init(pixels: Int) { self.pixels = pixels }

  /// Checks a header's extents.
  func check(width: Int, height: Int, file: String) throws {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, area <= pixels else {
      throw InputError.imageExtent(file, width: width, height: height, limit: pixels)
    }
  }

  /// Checks what a decoder must hold of an image that it cannot read in rows. Some hold more for a
  /// pixel than others; none may hold more than the largest image may.
  func check(heldBytes: Int, width: Int, height: Int, file: String) throws {
    let limit = Self.baseBytes + Self.bytesPerPixel * pixels
    guard heldBytes <= limit else {
      throw InputError.imageMemory(
        file, width: width, height: height, limit: limit, found: heldBytes)
    }
  }
}
