internal import Tensors

/// Decodes JPEG, PNG and WebP, recognised by content, to the RGB samples that Pillow gives.
///
/// What is done with alpha belongs to the model: ``Preprocessing/read(path:orientation:)`` knows it.
public enum PictureDecoder {
  /// What is done with a picture's EXIF orientation.
  public enum Orientation: String, Sendable, CaseIterable {
    /// The pixels stay as they are stored, as timm evaluates.
    case ignore
    /// The picture is turned upright.
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

  /// Reads and decodes a file; `-` is standard input.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public static func read(
    path: String, orientation: Orientation = .ignore, alpha: Alpha
  ) throws -> Picture {
    if path == "-" {
      let bytes = try StandardInput.read(limit: maximumFileBytes)
      return try bytes.withUnsafeBytes {
        try decode($0, file: "standard input", orientation: orientation, alpha: alpha)
      }
    }
    let file = try MappedFile(path: path)
    guard file.count <= maximumFileBytes else {
      throw InputError.pictureBytes(path, limit: maximumFileBytes, found: "\(file.count)")
    }
    return try file.withBytes {
      try decode($0, file: path, orientation: orientation, alpha: alpha)
    }
  }

  /// Decodes the bytes of a picture.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, file: String, orientation: Orientation = .ignore,
    alpha: Alpha
  ) throws -> Picture {
    func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool {
      bytes.count >= offset + magic.count
        && bytes[offset..<(offset + magic.count)].elementsEqual(magic)
    }
    let picture: Picture
    let exif: UnsafeRawBufferPointer?
    if starts([0xFF, 0xD8, 0xFF]) {
      picture = try JPEGDecoder.decode(bytes, file: file)
      exif = orientation == .apply ? EXIFFinder.inJPEG(bytes) : nil
    } else if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      picture = try PNGDecoder.decode(bytes, file: file, alpha: alpha)
      exif = orientation == .apply ? EXIFFinder.inPNG(bytes) : nil
    } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
      picture = try WebPDecoder.decode(bytes, file: file, alpha: alpha)
      exif = orientation == .apply ? EXIFFinder.inWebP(bytes) : nil
    } else {
      throw InputError.pictureKind(file, isEmpty: bytes.isEmpty)
    }
    guard let exif, let code = EXIFOrientation.code(in: exif) else { return picture }
    return picture.turned(byOrientation: code)
  }

  /// Checks a header's extents before memory is taken for them.
  static func checkExtents(width: Int, height: Int, file: String) throws {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflow, area <= Picture.maximumArea else {
      throw InputError.pictureExtent(
        file, width: width, height: height, limit: Picture.maximumArea)
    }
  }
}
