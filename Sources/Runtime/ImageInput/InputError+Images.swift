internal import Tensors

/// What is said about images that cannot be used.
extension InputError {
  static func imageKind(_ file: String, _ bytes: UnsafeRawBufferPointer) -> InputError {
    let kind = UnreadImageKind(bytes).map { "\($0.rawValue), which is not read" }
    return InputError(
      file: file, field: "image", expected: "JPEG, PNG, WebP, GIF, BMP or TIFF",
      found: bytes.isEmpty ? "an empty file" : kind ?? "another kind of file")
  }

  static func imageBytes(_ file: String, limit: Int, found: String) -> InputError {
    InputError(
      file: file, field: "image size", expected: "at most \(limit) bytes", found: found)
  }

  static func imageExtent(_ file: String, width: Int, height: Int, limit: Int) -> InputError {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    return InputError(
      file: file, field: "image width x height",
      expected: "at least 1 x 1 and an area of at most \(limit) pixels "
        + "(\(option: ImageOption.maximumPixels))",
      found: "\(width) x \(height)\(overflow ? "" : ", \(area) pixels")")
  }

  static func imageMemory(_ file: String, width: Int, height: Int, limit: Int, found: Int)
    -> InputError
  {
    InputError(
      file: file, field: "image memory", expected: "at most \(limit) bytes to decode it",
      found: "\(found), for \(width) x \(height) pixels in several scans")
  }

  /// A decoder's own words.
  static func imageData(_ file: String, _ format: String, found: String) -> InputError {
    InputError(file: file, field: "\(format) data", expected: "a whole image", found: found)
  }

  /// A value of a header that stands for nothing that is read.
  static func imageField(_ file: String, _ field: String, expected: String, found: String)
    -> InputError
  {
    InputError(file: file, field: field, expected: expected, found: found)
  }

  static func jpegScans(_ file: String, limit: Int, found: Int) -> InputError {
    InputError(
      file: file, field: "JPEG scans", expected: "at most \(limit) for an image of this size",
      found: "\(found)")
  }

  static func pngChunk(
    _ file: String, _ chunk: String, at offset: Int, expected: String, found: String
  ) -> InputError {
    InputError(
      file: file, field: "PNG chunk \(chunk) at byte \(offset)", expected: expected, found: found)
  }

  static func pngEncoder(_ found: String) -> InputError {
    InputError(
      .output, file: "PNG", field: "encoder", expected: "an image", found: "libspng: \(found)")
  }

  /// A resized image that has no pixels or too many.
  static func resizedExtent(
    _ file: String, width: Int, height: Int, limit: Int, original: Preprocessing.Extents
  ) -> InputError {
    InputError(
      file: file, field: "resized image, width x height", expected: "sides from 1 to \(limit)",
      found: "\(width) x \(height), from \(original.width) x \(original.height)")
  }

  /// An image that neither resize nor crop brings to the model's size.
  static func uncropped(_ file: String, width: Int, height: Int, model: Preprocessing)
    -> InputError
  {
    InputError(
      file: file, field: "image, width x height",
      expected: "\(model.width) x \(model.height), as the model's preprocessing does not crop",
      found: "\(width) x \(height)")
  }
}
