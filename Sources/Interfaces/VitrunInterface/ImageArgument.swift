internal import CInterface
internal import CVitrun
internal import Tensors
internal import ViTRuntime

/// An image as C describes it; what it points to is copied.
struct ImageArgument {
  private let image: vitrun_image
  private let index: Int

  init(_ image: vitrun_image, _ index: Int) {
    self.image = image
    self.index = index
  }

  private func argument(_ member: String) -> String { "images[\(index)].\(member)" }

  private var name: String { library.path(image.name, or: "image \(index)") }

  /// - Throws: `InputError` if it does not say what it has to, or there is no memory for a copy.
  func source() throws -> ImageSource {
    switch Int(image.form) {
    case VITRUN_IMAGE_FILE: .file(try library.path(image.name, argument("name")))
    case VITRUN_IMAGE_ENCODED: .encoded(try bytes(), name: name)
    case VITRUN_IMAGE_RGB: .decoded(try pixels(), name: name)
    default:
      throw Interface.error(
        argument("form"), "VITRUN_IMAGE_FILE, VITRUN_IMAGE_ENCODED or VITRUN_IMAGE_RGB",
        "\(image.form)")
    }
  }

  private func samples() throws -> UnsafeBufferPointer<UInt8> {
    try library.array(
      try library.pointer(image.data, argument("data")).assumingMemoryBound(to: UInt8.self),
      count: image.count, argument("count"))
  }

  private func bytes() throws -> [UInt8] {
    let bytes = try samples()
    guard bytes.count <= ImageDecoder.maximumFileBytes else {
      throw Interface.error(
        argument("count"), "at most \(ImageDecoder.maximumFileBytes) bytes", "\(bytes.count)")
    }
    try ByteBuffer.require(bytes.count, for: name)
    return Array(bytes)
  }

  private func pixels() throws -> RGBImage {
    let samples = try samples()
    let (width, height) = (image.width, image.height)
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, area <= ImageDecoder.mostPixels else {
      throw Interface.error(
        argument("width"),
        "at least 1 x 1 and at most \(ImageDecoder.mostPixels) pixels", "\(width) x \(height)")
    }
    let rowBytes = image.row_bytes
    let whole = rowBytes.multipliedReportingOverflow(by: height - 1)
    guard rowBytes >= 3 * width, !whole.overflow,
      whole.partialValue <= samples.count - 3 * width
    else {
      throw Interface.error(
        argument("row_bytes"),
        "at least \(3 * width), for \(height) rows in the \(samples.count) bytes of count",
        "\(rowBytes)")
    }
    try ByteBuffer.require(3 * area, for: name)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * area)
    for row in 0..<height {
      pixels += samples[row * rowBytes..<row * rowBytes + 3 * width]
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}
