internal import CWebP
internal import Tensors

/// The first frame of an animated WebP, on a canvas that is transparent elsewhere, and black without its alphas.
final class WebPAnimationRows: RowSource {
  let width: Int
  let height: Int
  let heldBytes: Int

  private let frame: WebPRows
  private let left: Int
  private let top: Int
  private let ground: UInt8
  private var row = 0

  /// - Parameter canvas: what the file's header says.
  init(
    _ bytes: UnsafeRawBufferPointer, _ canvas: WebPBitstreamFeatures, file: String,
    alpha: ImageDecoder.Alpha, limit: PixelLimit
  ) throws {
    (width, height) = (Int(canvas.width), Int(canvas.height))
    try limit.check(width: width, height: height, file: file)
    guard let first = WebPChunks(bytes).firstFrame, let image = first.chunks.image else {
      throw InputError.imageData(file, "WebP", found: "an animation without a whole frame")
    }
    let features = try WebPRows.features(of: image, file)
    guard features.width == first.width, features.height == first.height,
      first.left + first.width <= width, first.top + first.height <= height
    else {
      throw InputError.imageField(
        file, "WebP frame",
        expected: "\(features.width) x \(features.height) pixels inside of "
          + "\(width) x \(height)",
        found: "\(first.width) x \(first.height) at \(first.left), \(first.top)")
    }
    // Alphas count where the file's header announces them.
    let isTransparent = alpha == .onWhite && canvas.has_alpha != 0
    frame = try WebPRows(image, features, file: file, alpha: isTransparent ? .onWhite : .drop)
    (left, top) = (first.left, first.top)
    ground = isTransparent ? 255 : 0
    heldBytes = frame.heldBytes
  }

  func start() throws { try frame.start() }

  func read(into samples: UnsafeMutablePointer<UInt8>) throws {
    samples.update(repeating: ground, count: width * 3)
    if (top..<(top + frame.height)).contains(row) { try frame.read(into: samples + left * 3) }
    row += 1
  }
}
