internal import CTurboJPEG
internal import Tensors

/// JPEG by libjpeg-turbo's TurboJPEG interface, whose errors are return values.
enum JPEGDecoder {
  /// The most scans of any picture, which is also libjpeg-turbo's own limit.
  private static let maximumScans = 500

  /// The most pixels, counted once for every scan: a scan of a few bytes visits the whole picture.
  private static let maximumVisits = 4_000_000_000

  /// Decodes baseline and progressive JPEG: grey, YCbCr, RGB, CMYK and YCCK.
  static func decode(_ bytes: UnsafeRawBufferPointer, file: String) throws -> Picture {
    let markers = JPEGMarkers(bytes)
    if let extent = markers.extent { try check(extent, markers, bytes.count, file: file) }
    guard let handle = tjInitDecompress() else {
      throw InputError.pictureData(file, "JPEG", found: "no memory for a decoder")
    }
    defer { tjDestroy(handle) }
    func failure() -> InputError {
      .pictureData(
        file, "JPEG", found: "libjpeg-turbo: " + String(cString: tjGetErrorStr2(handle)))
    }
    let source = bytes.bindMemory(to: UInt8.self)
    var (width, height, sampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    func isUsable(_ status: Int32) -> Bool {
      status == 0 || tjGetErrorCode(handle) == TJERR_WARNING.rawValue
    }
    let headerStatus = tjDecompressHeader3(
      handle, source.baseAddress, UInt(source.count), &width, &height, &sampling, &space)
    guard isUsable(headerStatus) else { throw failure() }
    try PictureDecoder.checkExtents(width: Int(width), height: Int(height), file: file)
    let area = Int(width) * Int(height)
    let isInk = space == TJCS_CMYK.rawValue || space == TJCS_YCCK.rawValue
    let format = isInk ? TJPF_CMYK.rawValue : TJPF_RGB.rawValue
    var status: Int32 = 0
    let samples = [UInt8](unsafeUninitializedCapacity: area * (isInk ? 4 : 3)) { buffer, count in
      status = tjDecompress2(
        handle, source.baseAddress, UInt(source.count), buffer.baseAddress, width, 0, height,
        Int32(format), TJFLAG_LIMITSCANS)
      let isWhole = isUsable(status)
      if isInk && isWhole { convertInverted(buffer, pixels: area) }
      count = isWhole ? area * 3 : 0
    }
    // As in Pillow, a warning leaves a usable picture unless a part of the file is missing.
    if status != 0 {
      let isPremature = failure().found.contains("Premature end of JPEG")
      guard isUsable(status), !isPremature else { throw failure() }
      guard markers.hasEnd else {
        throw InputError.pictureData(file, "JPEG", found: "no end; \(failure().found)")
      }
    }
    return Picture(width: Int(width), height: Int(height), pixels: samples)
  }

  /// Refuses headers that ask for far more memory or time than their file can be worth.
  private static func check(
    _ extent: (width: Int, height: Int), _ markers: JPEGMarkers, _ byteCount: Int, file: String
  ) throws {
    try PictureDecoder.checkExtents(width: extent.width, height: extent.height, file: file)
    let scanLimit = min(maximumScans, maximumVisits / (extent.width * extent.height))
    guard markers.scanCount <= scanLimit else {
      throw InputError.jpegScans(file, limit: scanLimit, found: markers.scanCount)
    }
    // A Huffman code has one bit at least, and each 8 x 8 block begins with one.
    let blocks = (extent.width + 7) / 8 * ((extent.height + 7) / 8)
    guard !markers.isHuffmanCoded || byteCount >= blocks / 8 else {
      throw InputError.pictureData(
        file, "JPEG",
        found: "\(byteCount) bytes, too few for \(extent.width) x \(extent.height) pixels")
    }
  }

  /// Inverted CMYK, as Adobe's programs store it, to RGB in Pillow's integer arithmetic; in place,
  /// three bytes for four.
  private static func convertInverted(_ samples: UnsafeMutableBufferPointer<UInt8>, pixels: Int) {
    for pixel in 0..<pixels {
      let light = Int32(samples[pixel * 4 + 3])
      let inks = (samples[pixel * 4], samples[pixel * 4 + 1], samples[pixel * 4 + 2])
      samples[pixel * 3] = shade(inks.0, light)
      samples[pixel * 3 + 1] = shade(inks.1, light)
      samples[pixel * 3 + 2] = shade(inks.2, light)
    }
  }

  @inline(__always)
  private static func shade(_ inverted: UInt8, _ light: Int32) -> UInt8 {
    let product = (255 - Int32(inverted)) * light + 128
    return UInt8(truncatingIfNeeded: max(0, light - ((product >> 8) + product) >> 8))
  }
}
