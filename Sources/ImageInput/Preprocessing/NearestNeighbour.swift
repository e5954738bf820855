/// Pillow's resize with the filter `NEAREST`: each output sample is one of the input.
struct NearestNeighbour {
  private let picture: Picture
  private let size: Preprocessing.Extents

  /// Resizes `picture` to `size`.
  init(from picture: Picture, to size: Preprocessing.Extents) {
    self.picture = picture
    self.size = size
  }

  /// Rows and columns of the resized image.
  func samples(rows: Range<Int>, columns: Range<Int>) -> [UInt8] {
    let lines = Self.places(picture.height, to: size.height, range: rows)
    let places = Self.places(picture.width, to: size.width, range: columns)
    var samples = [UInt8](repeating: 0, count: rows.count * columns.count * 3)
    var target = 0
    for line in lines {
      for place in places {
        // Places behind the input's end stay black.
        if line < picture.height && place < picture.width {
          let source = (line * picture.width + place) * 3
          for channel in 0..<3 { samples[target + channel] = picture.pixels[source + channel] }
        }
        target += 3
      }
    }
    return samples
  }

  /// Input places of output samples. Pillow adds the scale up instead of multiplying it, which rounds
  /// differently, so that everything in front of the range has to be added up too.
  private static func places(_ input: Int, to output: Int, range: Range<Int>) -> [Int] {
    let scale = Double(input) / Double(output)
    var place = scale * 0.5
    for _ in 0..<range.lowerBound { place += scale }
    return range.map { _ in
      defer { place += scale }
      return Int(place)
    }
  }
}
