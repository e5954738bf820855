internal import CTurboJPEG
internal import Tensors

/// JPEG by libjpeg-turbo's TurboJPEG interface, whose errors are return values.
enum JPEGDecoder {
  /// Decodes baseline and progressive JPEG: grey, YCbCr, RGB, CMYK and YCCK.
  static func decode(_ bytes: UnsafeRawBufferPointer, file: String) throws -> Picture {
    guard let handle = tjInitDecompress() else {
      throw InputError(file: file, field: "JPEG", expected: "a decoder", found: "none")
    }
    defer { tjDestroy(handle) }
    func failure() -> InputError {
      InputError(
        file: file, field: "JPEG data", expected: "a whole picture",
        found: "libjpeg-turbo: " + String(cString: tjGetErrorStr2(handle)))
    }
    let source = bytes.bindMemory(to: UInt8.self)
    var (width, height, sampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard
      tjDecompressHeader3(
        handle, source.baseAddress, UInt(source.count), &width, &height, &sampling, &space) == 0
    else {
      throw failure()
    }
    try PictureDecoder.checkExtents(width: Int(width), height: Int(height), file: file)
    let isInk = space == TJCS_CMYK.rawValue || space == TJCS_YCCK.rawValue
    let channels = isInk ? 4 : 3
    let format = isInk ? TJPF_CMYK.rawValue : TJPF_RGB.rawValue
    var status: Int32 = 0
    let samples = [UInt8](
      unsafeUninitializedCapacity: Int(width) * Int(height) * channels
    ) { buffer, count in
      // Progressive files of more than 500 scans are refused: they cost time out of proportion.
      status = tjDecompress2(
        handle, source.baseAddress, UInt(source.count), buffer.baseAddress, width, 0, height,
        Int32(format), TJFLAG_LIMITSCANS)
      count = buffer.count
    }
    // Warnings leave a usable picture, but for the one that says that part of it is missing.
    if status != 0 {
      let isCut = String(cString: tjGetErrorStr2(handle)).contains("Premature end")
      guard tjGetErrorCode(handle) == TJERR_WARNING.rawValue, !isCut else { throw failure() }
    }
    return Picture(
      width: Int(width), height: Int(height), pixels: isInk ? rgb(fromInverted: samples) : samples)
  }

  /// Inverted CMYK, as Adobe's programs store it, to RGB in Pillow's integer arithmetic.
  private static func rgb(fromInverted cmyk: [UInt8]) -> [UInt8] {
    var pixels = [UInt8](repeating: 0, count: cmyk.count / 4 * 3)
    for pixel in 0..<cmyk.count / 4 {
      let light = Int(cmyk[pixel * 4 + 3])
      for channel in 0..<3 {
        let ink = 255 - Int(cmyk[pixel * 4 + channel])
        let product = ink * light + 128
        pixels[pixel * 3 + channel] = UInt8(max(0, light - ((product >> 8) + product) >> 8))
      }
    }
    return pixels
  }
}
