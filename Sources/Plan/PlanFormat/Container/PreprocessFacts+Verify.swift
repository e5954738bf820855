package import ModelFacts
internal import Tensors

extension PreprocessFacts {
  /// Throws unless the preprocessing can be carried out on every image.
  package func verify(file: String) throws {
    func require(_ condition: Bool, _ field: String, _ expected: String, _ found: Any) throws {
      guard condition else {
        throw InputError(
          file: file, field: "facts, preprocessing, \(field)", expected: expected,
          found: "\(found)")
      }
    }
    let extents = "\(resizeHeight) x \(resizeWidth)"
    if resize == .none {
      try require(
        resizeHeight == 0 && resizeWidth == 0, "resize", "0 x 0 where nothing is resized", extents)
    } else {
      let sides = 1...65536
      try require(
        sides.contains(resizeHeight) && sides.contains(resizeWidth), "resize",
        "sides from 1 to 65536", extents)
    }
    try require(
      resize != .shortestEdge || resizeHeight == resizeWidth, "resize",
      "one number for the shortest edge", extents)
    let counts = Self.channelCounts
    try require(
      counts.contains(channels) && mean.allSatisfy(\.isFinite), "mean",
      "\(counts.lowerBound) to \(counts.upperBound) numbers", mean)
    try require(
      fill.count == channels && fill.allSatisfy((0...255).contains), "fill",
      "\(channels) samples from 0 to 255", fill)
    try require(
      rescaleFactor.isFinite && rescaleFactor > 0, "rescale factor", "a number above 0",
      rescaleFactor)
    try require(
      standardDeviation.count == channels
        && standardDeviation.allSatisfy { $0.isFinite && $0 > 0 },
      "deviation", "\(channels) numbers above 0", standardDeviation)
  }
}
