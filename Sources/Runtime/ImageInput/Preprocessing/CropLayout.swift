internal import Tensors

/// How a stored image becomes the model's: where each axis comes from, and what is kept of it.
struct CropLayout {
  private let preprocessing: Preprocessing
  private let turn: Turn

  /// The stored image's axes.
  private let rows: ImageAxis
  private let columns: ImageAxis
  private let isVerticalFirst: Bool

  /// Where what is kept lies in the model's image.
  private let place: (row: Int, column: Int)

  /// - Parameters:
  ///   - width: the stored image's columns.
  ///   - height: the stored image's rows.
  ///   - turn: how it is turned before it is resized.
  /// - Throws: `InputError` naming both sizes where the result would have other extents than the
  ///   model's and nothing crops it, or where the resized image would be empty or absurdly long.
  init(_ preprocessing: Preprocessing, width: Int, height: Int, turn: Turn, file: String) throws {
    self.preprocessing = preprocessing
    self.turn = turn
    let seen =
      turn.isTransposed
      ? Preprocessing.Extents(height: width, width: height)
      : Preprocessing.Extents(height: height, width: width)
    let model = Preprocessing.Extents(height: preprocessing.height, width: preprocessing.width)
    let resized = try preprocessing.resizedExtents(of: seen, file: file)
    if preprocessing.crop == .none, resized != model {
      throw InputError.uncropped(
        file, width: resized.width, height: resized.height, model: preprocessing)
    }
    let vertical = Preprocessing.Span(resized.height, to: model.height, preprocessing.crop)
    let horizontal = Preprocessing.Span(resized.width, to: model.width, preprocessing.crop)
    place = (vertical.place, horizontal.place)
    let isSeenVerticalFirst =
      resized.height < seen.height
      && seen.height - resized.height > 2 * (seen.width - resized.width)
    isVerticalFirst = isSeenVerticalFirst != turn.isTransposed
    let (rowSize, rowSpan, columnSize, columnSpan) =
      turn.isTransposed
      ? (resized.width, horizontal, resized.height, vertical)
      : (resized.height, vertical, resized.width, horizontal)
    rows = ImageAxis(
      input: height, output: rowSize, kept: rowSpan.kept, mirrors: turn.mirrorsRows)
    columns = ImageAxis(
      input: width, output: columnSize, kept: columnSpan.kept, mirrors: turn.mirrorsColumns)
  }

  /// The stored image's rows as they are taken.
  var strips: some Sequence<Range<Int>> {
    stride(from: 0, to: rows.input, by: RowResizer.stripRows).lazy.map {
      $0..<min($0 + RowResizer.stripRows, rows.input)
    }
  }

  /// Bytes of the longest of ``strips``.
  var stripBytes: Int { min(RowResizer.stripRows, rows.input) * columns.input * 3 }

  /// What makes the kept part of the strips.
  func resizer(file: String) throws -> RowResizer {
    try RowResizer(
      rows: rows, columns: columns, interpolation: preprocessing.interpolation,
      isVerticalFirst: isVerticalFirst, file: file)
  }

  /// The model's image, of what the resizer made.
  func crop(_ samples: [UInt8], file: String) throws -> RGBImage {
    let kept = try RGBImage(
      width: columns.kept.count, height: rows.kept.count, pixels: samples
    ).turned(turn, file: file)
    let (width, height) = (preprocessing.width, preprocessing.height)
    if kept.height == height, kept.width == width { return kept }
    try RGBImage.requireMemory(width: width, height: height, for: file)
    var padded: [UInt8] = []
    padded.reserveCapacity(width * height * 3)
    for _ in 0..<width * height { padded += preprocessing.fillPixel }
    let rowSize = kept.width * 3
    for line in 0..<kept.height {
      let target = ((place.row + line) * width + place.column) * 3
      padded.replaceSubrange(
        target..<target + rowSize, with: kept.pixels[line * rowSize..<(line + 1) * rowSize])
    }
    return RGBImage(width: width, height: height, pixels: padded)
  }
}
