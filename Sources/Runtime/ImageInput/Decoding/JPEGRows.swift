internal import CJPEGRows
internal import Tensors

/// JPEG by libjpeg-turbo: baseline and progressive; grey, YCbCr, RGB, CMYK and YCCK.
final class JPEGRows: RowSource {
  /// The most scans of any image, which is also libjpeg-turbo's own limit.
  private static let maximumScans = 500

  /// The most pixels, counted once for every scan: a scan of a few bytes visits the whole image.
  private static let maximumVisits = 4_000_000_000

  let width: Int
  let height: Int
  let heldBytes: Int

  private let file: String
  private let decoder: OpaquePointer
  private let hasEnd: Bool
  private var row = 0

  /// A row of inks, four bytes a pixel; nil where the decoder gives colours.
  private let inks: ByteBuffer?

  init(_ bytes: UnsafeRawBufferPointer, file: String, limit: PixelLimit) throws {
    let markers = JPEGMarkers(bytes)
    if let extent = markers.extent { try Self.check(extent, markers, bytes.count, limit, file) }
    let source = bytes.bindMemory(to: UInt8.self)
    guard let decoder = vit_jpeg_open(source.baseAddress, source.count) else {
      throw InputError.noMemory(file, nil, "none for a decoder")
    }
    do {
      var header = vit_jpeg_header()
      guard vit_jpeg_read_header(decoder, &header) != 0 else { throw Self.failure(decoder, file) }
      (width, height) = (Int(header.width), Int(header.height))
      heldBytes = Int(header.held_bytes)
      try limit.check(width: width, height: height, file: file)
      try limit.check(heldBytes: heldBytes, width: width, height: height, file: file)
      inks = header.is_ink == 0 ? nil : try ByteBuffer(count: width * 4, for: file)
    } catch {
      vit_jpeg_close(decoder)
      throw error
    }
    self.file = file
    self.decoder = decoder
    hasEnd = markers.hasEnd
  }

  deinit { vit_jpeg_close(decoder) }

  private static func failure(_ decoder: OpaquePointer, _ file: String) -> InputError {
    let words = "libjpeg-turbo: " + String(cString: vit_jpeg_message(decoder))
    return vit_jpeg_lacks_memory(decoder) != 0
      ? .noMemory(file, nil, words) : .imageData(file, "JPEG", found: words)
  }

  func start() throws {
    guard vit_jpeg_start(decoder) != 0 else { throw Self.failure(decoder, file) }
  }

  func read(into row: UnsafeMutablePointer<UInt8>) throws {
    let target = inks?.elements(of: UInt8.self).baseAddress ?? row
    guard vit_jpeg_read_row(decoder, target) != 0 else { throw Self.failure(decoder, file) }
    if inks != nil { Inks.convertInverted(target, to: row, pixels: width) }
    self.row += 1
    if self.row == height { try finish() }
  }

  /// As in Pillow, a warning leaves a usable image unless a part of the file is missing.
  private func finish() throws {
    guard vit_jpeg_finish(decoder) != 0 else { throw Self.failure(decoder, file) }
    guard vit_jpeg_has_warned(decoder) != 0 else { return }
    let warning = Self.failure(decoder, file)
    if warning.found.contains("Premature end of JPEG") { throw warning }
    guard hasEnd else {
      throw InputError.imageData(file, "JPEG", found: "no end; \(warning.found)")
    }
  }

  /// Refuses headers that ask for far more memory or time than their file can be worth.
  private static func check(
    _ extent: (width: Int, height: Int), _ markers: JPEGMarkers, _ byteCount: Int,
    _ limit: PixelLimit, _ file: String
  ) throws {
    try limit.check(width: extent.width, height: extent.height, file: file)
    let scanLimit = min(maximumScans, maximumVisits / (extent.width * extent.height))
    guard markers.scanCount <= scanLimit else {
      throw InputError.jpegScans(file, limit: scanLimit, found: markers.scanCount)
    }
    // A Huffman code has one bit at least, and each 8 x 8 block begins with one.
    let blocks = (extent.width + 7) / 8 * ((extent.height + 7) / 8)
    guard !markers.isHuffmanCoded || byteCount >= blocks / 8 else {
      throw InputError.imageData(
        file, "JPEG",
        found: "\(byteCount) bytes, too few for \(extent.width) x \(extent.height) pixels")
    }
  }
}
