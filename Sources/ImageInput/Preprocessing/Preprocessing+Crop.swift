internal import Tensors

/// From a file to the 8-bit image that the network will see.
extension Preprocessing {
  /// Reads and decodes a file, its alpha treated as ``alpha`` says; `-` is standard input.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public func read(path: String, orientation: PictureDecoder.Orientation = .ignore) throws
    -> Picture
  {
    try PictureDecoder.read(path: path, orientation: orientation, alpha: alpha)
  }

  /// Reads, decodes, resizes and crops a file; `-` is standard input.
  /// - Throws: `InputError` naming the file and what is wrong with it.
  public func crop(path: String, orientation: PictureDecoder.Orientation = .ignore) throws
    -> Picture
  {
    try crop(try read(path: path, orientation: orientation), file: path)
  }

  /// The resized and cropped or padded image, 8-bit, as the network will see it.
  ///
  /// Resizing is Pillow's to the bit; only rows and columns that survive the crop are computed.
  /// - Parameters:
  ///   - picture: what ``read(path:orientation:)`` gave.
  ///   - file: what errors call it.
  /// - Throws: `InputError` naming both sizes where the result would have other extents than the
  ///   model's and nothing crops it, or where the resized image would be empty or absurdly long.
  public func crop(_ picture: Picture, file: String = "picture") throws -> Picture {
    let extents = try resizedExtents(of: picture, file: file)
    if crop == .none, extents != Extents(height: height, width: width) {
      throw InputError.uncropped(
        file, width: extents.width, height: extents.height, model: self)
    }
    let rows = Span(extents.height, to: height, crop)
    let columns = Span(extents.width, to: width, crop)
    let visible = resized(picture, to: extents, rows: rows.kept, columns: columns.kept)
    if rows.kept.count == height, columns.kept.count == width {
      return Picture(width: width, height: height, pixels: visible)
    }
    var padded: [UInt8] = []
    padded.reserveCapacity(width * height * 3)
    for _ in 0..<width * height { padded += fill }
    let rowSize = columns.kept.count * 3
    for line in 0..<rows.kept.count {
      let target = ((rows.place + line) * width + columns.place) * 3
      padded.replaceSubrange(
        target..<target + rowSize, with: visible[line * rowSize..<(line + 1) * rowSize])
    }
    return Picture(width: width, height: height, pixels: padded)
  }

  /// Rows and columns of the resized image. As in Pillow since version 13, rows are resampled
  /// first where that saves work; both orders round to 8 bits between the passes.
  private func resized(
    _ picture: Picture, to size: Extents, rows: Range<Int>, columns: Range<Int>
  ) -> [UInt8] {
    let whole = PixelWindow(
      rows: 0..<picture.height, columns: 0..<picture.width, samples: picture.pixels)
    if size.height == picture.height && size.width == picture.width {
      return whole.cut(rows: rows, columns: columns).samples
    }
    guard let filter = interpolation.filter else {
      return NearestNeighbour(from: picture, to: size).samples(rows: rows, columns: columns)
    }
    let vertical =
      size.height == picture.height
      ? nil
      : Resampling(input: picture.height, output: size.height, range: rows, filter: filter)
    let horizontal =
      size.width == picture.width
      ? nil
      : Resampling(input: picture.width, output: size.width, range: columns, filter: filter)
    switch (horizontal, vertical) {
    case (nil, nil):
      return whole.cut(rows: rows, columns: columns).samples
    case (let horizontal?, nil):
      return horizontal.horizontally(whole, rows: rows).samples
    case (nil, let vertical?):
      return vertical.vertically(whole, columns: columns).samples
    case (let horizontal?, let vertical?):
      let isVerticalFirst =
        size.height < picture.height
        && picture.height - size.height > 2 * (picture.width - size.width)
      if isVerticalFirst {
        let lines = vertical.vertically(whole, columns: horizontal.inputRange)
        return horizontal.horizontally(lines, rows: rows).samples
      }
      let lines = horizontal.horizontally(whole, rows: vertical.inputRange)
      return vertical.vertically(lines, columns: columns).samples
    }
  }
}
