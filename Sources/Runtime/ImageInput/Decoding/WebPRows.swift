internal import CWebP
internal import Tensors

/// Lossy and lossless WebP by libwebp: stills, and frames of animations.
///
/// libwebp gives no rows, but parts: of images of which it holds much itself, the result is asked for in
/// bands, though each band makes it decode everything above it again.
package final class WebPRows: RowSource {
  /// What a band and what libwebp holds may take together, beside 4 bytes a pixel.
  private static let bandBytes = 24 << 20

  /// Rows that are decoded above and below a band and thrown away: at the edge of what it is asked for,
  /// libwebp does not look at the colours behind it.
  private static let margin = 2

  package let width: Int
  package let height: Int
  package let heldBytes: Int

  private let file: String
  private let source: UnsafeBufferPointer<UInt8>
  private let hasAlpha: Bool
  private let bandRows: Int

  private var config = WebPDecoderConfig()
  private var band: ByteBuffer?
  private var bandStart = 0
  private var bandEnd = 0
  private var row = 0

  /// - Parameter bandRows: rows of a band; nil for as many as memory allows.
  package convenience init(
    _ bytes: UnsafeRawBufferPointer, file: String, alpha: ImageDecoder.Alpha, limit: PixelLimit,
    bandRows: Int? = nil
  ) throws {
    let features = try Self.features(of: bytes, file)
    try limit.check(width: Int(features.width), height: Int(features.height), file: file)
    try self.init(
      WebPChunks(bytes).image ?? bytes, features, file: file, alpha: alpha, bandRows: bandRows)
  }

  /// - Parameters:
  ///   - image: the image's own chunks.
  ///   - features: its extents, which have been checked, and what is in it.
  init(
    _ image: UnsafeRawBufferPointer, _ features: WebPBitstreamFeatures, file: String,
    alpha: ImageDecoder.Alpha, bandRows: Int? = nil
  ) throws {
    self.file = file
    source = image.bindMemory(to: UInt8.self)
    guard WebPInitDecoderConfig(&config) != 0 else {
      throw InputError.imageData(file, "WebP", found: "another version of libwebp")
    }
    config.input = features
    (width, height) = (Int(features.width), Int(features.height))
    hasAlpha = alpha == .onWhite && config.input.has_alpha != 0
    // Of lossless images libwebp holds every pixel, of lossy ones the alphas, before and after filters.
    let isLossless = config.input.format == 2
    let inside = width * height * (isLossless ? 4 : config.input.has_alpha != 0 ? 2 : 0)
    let rowBytes = width * (hasAlpha ? 4 : 3)
    let room = Self.bandBytes + 4 * width * height - inside
    self.bandRows = min(height, bandRows ?? max(16, room / rowBytes))
    heldBytes = inside + min(height, self.bandRows + 2 * Self.margin) * rowBytes
  }

  /// What the headers of a file, or of an image's own chunks, say.
  static func features(of bytes: UnsafeRawBufferPointer, _ file: String) throws
    -> WebPBitstreamFeatures
  {
    var features = WebPBitstreamFeatures()
    let source = bytes.bindMemory(to: UInt8.self)
    let status = WebPGetFeatures(source.baseAddress, source.count, &features)
    guard status == VP8_STATUS_OK else { throw failure(status, file) }
    return features
  }

  private static func failure(_ status: VP8StatusCode, _ file: String) -> InputError {
    if status == VP8_STATUS_OUT_OF_MEMORY {
      return .noMemory(file, nil, "libwebp: out of memory")
    }
    let words =
      switch status {
      case VP8_STATUS_BITSTREAM_ERROR: "bitstream error"
      case VP8_STATUS_UNSUPPORTED_FEATURE: "unsupported feature"
      case VP8_STATUS_NOT_ENOUGH_DATA: "not enough data"
      default: "error \(status.rawValue)"
      }
    return InputError.imageData(file, "WebP", found: "libwebp: " + words)
  }

  private var bytesPerPixel: Int { hasAlpha ? 4 : 3 }

  package func start() throws { try decodeBand() }

  package func read(into samples: UnsafeMutablePointer<UInt8>) throws {
    if row == bandEnd { try decodeBand() }
    guard let band = band?.elements(of: UInt8.self).baseAddress else { return }
    let source = band + (row - bandStart) * width * bytesPerPixel
    if hasAlpha {
      White.composite(source, to: samples, pixels: width)
    } else {
      samples.update(from: source, count: width * 3)
    }
    row += 1
  }

  /// Decodes the rows from ``row`` on.
  private func decodeBand() throws {
    bandEnd = min(height, row + bandRows)
    // libwebp crops at even rows only.
    bandStart = max(0, row - Self.margin) & ~1
    let rows = min(height, bandEnd + Self.margin) - bandStart
    let rowBytes = width * bytesPerPixel
    if band == nil {
      band = try ByteBuffer(
        count: min(height, bandRows + 2 * Self.margin + 1) * rowBytes, for: file)
    }
    guard let band else { return }
    if rows < height {
      config.options.use_cropping = 1
      config.options.crop_width = Int32(width)
      config.options.crop_top = Int32(bandStart)
      config.options.crop_height = Int32(rows)
    }
    config.output.colorspace = hasAlpha ? MODE_RGBA : MODE_RGB
    config.output.is_external_memory = 1
    config.output.u.RGBA.rgba = band.elements(of: UInt8.self).baseAddress
    config.output.u.RGBA.stride = Int32(rowBytes)
    config.output.u.RGBA.size = rows * rowBytes
    let status = WebPDecode(source.baseAddress, source.count, &config)
    guard status == VP8_STATUS_OK else { throw Self.failure(status, file) }
  }
}
