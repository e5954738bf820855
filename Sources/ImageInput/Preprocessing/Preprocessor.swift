/// How a picture becomes the input tensor; timm's evaluation transform with crop mode `center`.
public struct Preprocessing: Sendable, Equatable {
  /// Resize filters.
  public enum Interpolation: Sendable {
    case bicubic
    case bilinear
  }

  /// Rows of the input tensor.
  public var height: Int

  /// Columns of the input tensor.
  public var width: Int

  /// The centre crop's side as a share of the resized side.
  public var cropFraction: Double

  /// Resize filter.
  public var interpolation: Interpolation

  /// Mean of R, G, B after scaling to [0, 1].
  public var mean: [Float]

  /// Standard deviation of R, G, B after scaling to [0, 1].
  public var standardDeviation: [Float]

  /// A transform of positive sizes; `cropFraction` is at least 0.001 and leaves the resized picture
  /// one pixel at least; `mean` and `standardDeviation` have three elements each.
  public init(
    height: Int, width: Int, cropFraction: Double, interpolation: Interpolation, mean: [Float],
    standardDeviation: [Float]
  ) {
    precondition(mean.count == 3 && standardDeviation.count == 3)
    precondition(cropFraction >= 0.001 && cropFraction <= Double(min(height, width)))
    self.height = height
    self.width = width
    self.cropFraction = cropFraction
    self.interpolation = interpolation
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The resized and cropped picture, 8-bit, as the network will see it.
  ///
  /// Resizing is Pillow's to the bit; only rows and columns that survive the crop are computed.
  public func crop(_ picture: Picture) -> Picture {
    let size = resizedSize(of: picture)
    let top = offset(size.height, height)
    let left = offset(size.width, width)
    // Rows and columns of the resized picture that exist inside the crop.
    let rows = max(0, top)..<min(size.height, top + height)
    let columns = max(0, left)..<min(size.width, left + width)
    let visible = resized(picture, to: size, rows: rows, columns: columns)
    if rows.count == height, columns.count == width {
      return Picture(width: width, height: height, pixels: visible)
    }
    var padded = [UInt8](repeating: 0, count: width * height * 3)
    let rowSize = columns.count * 3
    for (line, row) in rows.enumerated() {
      let target = ((row - top) * width + columns.lowerBound - left) * 3
      padded.replaceSubrange(
        target..<target + rowSize, with: visible[line * rowSize..<(line + 1) * rowSize])
    }
    return Picture(width: width, height: height, pixels: padded)
  }

  /// Writes the input tensor `[3, height, width]` of a picture that ``crop(_:)`` made:
  /// `(sample / 255 - mean) / deviation` in float32.
  public func normalise(_ crop: Picture, into tensor: UnsafeMutableBufferPointer<Float>) {
    let area = width * height
    precondition(crop.width == width && crop.height == height && tensor.count == 3 * area)
    for channel in 0..<3 {
      let table = (0..<256).map {
        (Float($0) / 255 - mean[channel]) / standardDeviation[channel]
      }
      for index in 0..<area {
        tensor[channel * area + index] = table[Int(crop.pixels[index * 3 + channel])]
      }
    }
  }

  /// The size that the picture is resized to before the crop.
  func resizedSize(of picture: Picture) -> (height: Int, width: Int) {
    let targetHeight = Int((Double(height) / cropFraction).rounded(.down))
    let targetWidth = Int((Double(width) / cropFraction).rounded(.down))
    let (short, long) = (
      min(picture.width, picture.height), max(picture.width, picture.height)
    )
    if targetHeight == targetWidth {
      if short == targetHeight { return (picture.height, picture.width) }
      let resizedLong = Int(Double(targetHeight) * Double(long) / Double(short))
      return picture.width <= picture.height
        ? (resizedLong, targetHeight) : (targetHeight, resizedLong)
    }
    // timm's ResizeKeepRatio: the smaller ratio decides, so that the crop is covered.
    let ratio = min(
      Double(picture.height) / Double(targetHeight), Double(picture.width) / Double(targetWidth))
    return (
      Int((Double(picture.height) / ratio).rounded(.toNearestOrEven)),
      Int((Double(picture.width) / ratio).rounded(.toNearestOrEven))
    )
  }

  /// Where the crop begins; negative when the picture is smaller and is padded.
  private func offset(_ size: Int, _ crop: Int) -> Int {
    size >= crop
      ? Int((Double(size - crop) / 2).rounded(.toNearestOrEven)) : -((crop - size) / 2)
  }

  /// Rows and columns of the resized picture. As in Pillow since version 13, rows are resampled
  /// first where that saves work; both orders round to 8 bits between the passes.
  private func resized(
    _ picture: Picture, to size: (height: Int, width: Int), rows: Range<Int>, columns: Range<Int>
  ) -> [UInt8] {
    let filter: Resampling.Filter = interpolation == .bicubic ? .bicubic : .bilinear
    let whole = PixelWindow(
      rows: 0..<picture.height, columns: 0..<picture.width, samples: picture.pixels)
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
