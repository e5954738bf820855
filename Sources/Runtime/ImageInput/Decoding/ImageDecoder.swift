internal import Tensors

/// Decodes JPEG, PNG, WebP, GIF, BMP and TIFF, recognised by content, to the RGB samples that Pillow gives: of an
/// animation its first frame, of a TIFF its first image.
///
/// What is done with alpha belongs to the model: ``Preprocessing/read(path:orientation:maximumPixels:)``
/// knows it.
///
/// Where it does not do as Pillow does:
/// * PNG is refused whose deflate stream has a wrong checksum, another length than the pixels or bytes behind its
///   end; wrong checksums of chunks that are not needed are passed over.
/// * An orientation comes from EXIF alone, not from XMP or from a text that holds EXIF. That of a TIFF is a part of
///   its format and always counts, in Pillow too.
/// * BMP of 4 or 8 bits whose palette is black and white, or a ramp of greys, and a GIF frame whose own palette is
///   a ramp of greys have the colours that they say, of which Pillow makes others.
/// * GIF whose pixels end before their time, or with bytes between its blocks, is refused. Codes that no encoder writes
///   have the pixels that giflib makes of them, where Pillow refuses some.
/// * TIFF is read of 1 to 16 bits a sample, in grey, RGB, a palette, CMYK, or YCbCr coded as JPEG.
public enum ImageDecoder {
  /// What is done with an image's EXIF orientation.
  public enum Orientation: String, Sendable, CaseIterable {
    /// The pixels stay as they are stored, as timm evaluates.
    case ignore
    /// The image is turned upright.
    case apply
  }

  /// What is done with an alpha channel, a palette's alphas and a PNG's transparent colour.
  public enum Alpha: Sendable {
    /// They are left out, as Pillow's `convert("RGB")` does.
    case drop
    /// The image is composited onto white, as transformers' `convert_to_rgb` does.
    case onWhite
  }

  /// The largest file that is read, in bytes.
  public static let maximumFileBytes = 256 << 20

  /// The largest area that is decoded unless another is asked for, in pixels.
  public static let usualMaximumPixels = 64_000_000

  /// The largest area that can be asked for, in pixels.
  public static let mostPixels = 4_000_000_000

  /// Reads and decodes a file.
  /// - Parameter maximumPixels: the largest area that is decoded, at most ``mostPixels``.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public static func read(
    path: String, orientation: Orientation = .ignore, alpha: Alpha,
    maximumPixels: Int = usualMaximumPixels
  ) throws -> RGBImage {
    try withBytes(of: path) { bytes in
      try decode(
        bytes, file: path, orientation: orientation, alpha: alpha, maximumPixels: maximumPixels)
    }
  }

  /// Decodes the bytes of an image.
  /// - Parameters:
  ///   - file: what errors call it.
  ///   - maximumPixels: the largest area that is decoded, at most ``mostPixels``.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public static func decode(
    _ bytes: [UInt8], file: String = "image", orientation: Orientation = .ignore, alpha: Alpha,
    maximumPixels: Int = usualMaximumPixels
  ) throws -> RGBImage {
    try bytes.withUnsafeBytes {
      try decode(
        $0, file: file, orientation: orientation, alpha: alpha, maximumPixels: maximumPixels)
    }
  }

  /// Decodes the bytes of an image.
  /// - Parameter maximumPixels: the largest area that is decoded, at most ``mostPixels``.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, file: String, orientation: Orientation = .ignore,
    alpha: Alpha, maximumPixels: Int = usualMaximumPixels
  ) throws -> RGBImage {
    let (rows, turn) = try open(
      bytes, file: file, orientation: orientation, alpha: alpha, maximumPixels: maximumPixels)
    try rows.start()
    return try RGBImage(reading: rows, file: file).turned(turn, file: file)
  }

  /// Calls `body` with the bytes of a file.
  static func withBytes<R>(
    of path: String, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    let file = try MappedFile(path: path)
    guard file.count <= maximumFileBytes else {
      throw InputError.imageBytes(path, limit: maximumFileBytes, found: "\(file.count)")
    }
    return try file.withBytes(body)
  }

  /// The rows of an image as it is stored, and how they are meant to be seen. Only the header has been
  /// read.
  static func open(
    _ bytes: UnsafeRawBufferPointer, file: String, orientation: Orientation, alpha: Alpha,
    maximumPixels: Int
  ) throws -> (rows: any RowSource, turn: Turn) {
    func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool {
      bytes.count >= offset + magic.count
        && bytes[offset..<(offset + magic.count)].elementsEqual(magic)
    }
    let limit = PixelLimit(pixels: min(maximumPixels, mostPixels))
    let rows: any RowSource
    let exif: UnsafeRawBufferPointer?
    if starts([0xFF, 0xD8, 0xFF]) {
      rows = try JPEGRows(bytes, file: file, limit: limit)
      exif = orientation == .apply ? EXIFFinder.inJPEG(bytes) : nil
    } else if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      rows = try PNGRows(bytes, file: file, alpha: alpha, limit: limit)
      exif = orientation == .apply ? EXIFFinder.inPNG(bytes) : nil
    } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
      let features = try WebPRows.features(of: bytes, file)
      rows =
        features.has_animation != 0
        ? try WebPAnimationRows(bytes, features, file: file, alpha: alpha, limit: limit)
        : try WebPRows(bytes, file: file, alpha: alpha, limit: limit)
      exif = orientation == .apply ? EXIFFinder.inWebP(bytes) : nil
    } else if starts(Array("GIF8".utf8)) {
      rows = try GIFRows(bytes, file: file, alpha: alpha, limit: limit)
      exif = nil
    } else if starts(Array("BM".utf8)) {
      rows = try BMPRows(bytes, file: file, alpha: alpha, limit: limit)
      exif = nil
    } else if TIFFRows.isTIFF(bytes) {
      let image = try TIFFRows(bytes, file: file, alpha: alpha, limit: limit)
      return (image, Turn(orientation: image.orientation))
    } else {
      throw InputError.imageKind(file, bytes)
    }
    return (rows, Turn(orientation: exif.flatMap(EXIFOrientation.code) ?? 1))
  }
}
