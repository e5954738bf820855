/// Pillow's resize with the filter `NEAREST` along one axis: each output sample is one of the input.
struct NearestNeighbour {
  /// The input sample of each output sample, counted as the input is, in that order; one that the input
  /// does not have is black.
  let places: [Int]

  /// Resizes an axis. Pillow adds the scale up instead of multiplying it, which rounds differently, so
  /// that everything in front of the range has to be added up too.
  init(_ axis: ImageAxis) {
    let scale = Double(axis.input) / Double(axis.output)
    var place = scale * 0.5
    for _ in 0..<axis.kept.lowerBound { place += scale }
    let plain = axis.kept.map { _ in
      defer { place += scale }
      return Int(place)
    }
    places = axis.mirrors ? plain.reversed().map { axis.input - 1 - $0 } : plain
  }
}
