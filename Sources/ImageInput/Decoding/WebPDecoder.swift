internal import CWebP
internal import Tensors

/// WebP by libwebp: lossy and lossless, the first frame's colours; alpha is dropped.
enum WebPDecoder {
  static func decode(_ bytes: UnsafeRawBufferPointer, file: String) throws -> Picture {
    let source = bytes.bindMemory(to: UInt8.self)
    var width: Int32 = 0
    var height: Int32 = 0
    func failure(_ found: String) -> InputError {
      InputError(
        file: file, field: "WebP data", expected: "a whole picture", found: "libwebp: \(found)")
    }
    guard WebPGetInfo(source.baseAddress, source.count, &width, &height) != 0 else {
      throw failure("no header that it understands")
    }
    try PictureDecoder.checkExtents(width: Int(width), height: Int(height), file: file)
    let size = Int(width) * Int(height) * 3
    var isDecoded = false
    let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      isDecoded =
        WebPDecodeRGBInto(
          source.baseAddress, source.count, buffer.baseAddress, size, width * 3) != nil
      count = size
    }
    guard isDecoded else { throw failure("damaged or cut short, or an animation") }
    return Picture(width: Int(width), height: Int(height), pixels: pixels)
  }
}
