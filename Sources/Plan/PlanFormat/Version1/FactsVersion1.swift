package import ModelFacts
package import Records
internal import Tensors

/// The facts of a plan of version 1.
package struct FactsVersion1: Record, Equatable {
  /// Filters of the resize; the choices' numbers are not those of later versions.
  package enum Interpolation: UInt8, Choice {
    case bicubic = 0
    case bilinear = 1
  }

  package private(set) var architecture = ""
  package private(set) var family = ""

  /// Extents of the input image and side of a patch in pixels.
  package private(set) var (imageHeight, imageWidth, patchSize) = (0, 0, 0)

  package private(set) var (embedDim, depth, heads, classes, prefixTokens) = (0, 0, 0, 0, 0)
  private var selectionBlocks: [Int] = []

  /// Mean and standard deviation of the channels R, G, B after division by 255.
  package private(set) var (mean, standardDeviation): ([Float], [Float]) = ([], [])

  private var cropPerMillion = 0
  package private(set) var interpolation = Interpolation.bicubic
  package private(set) var provenance: [ProvenanceEntry] = []

  /// Facts that are about to be read.
  package init() {}

  /// The crop's side as a share of the resized side.
  package var cropShare: Double { Double(cropPerMillion) / 1e6 }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("architecture", &architecture)
    try coder.code("family", &family)
    try coder.code("image_height", &imageHeight)
    try coder.code("image_width", &imageWidth)
    try coder.code("patch_size", &patchSize)
    try coder.code("embed_dim", &embedDim)
    try coder.code("depth", &depth)
    try coder.code("heads", &heads)
    try coder.code("classes", &classes)
    try coder.code("prefix_tokens", &prefixTokens)
    try coder.code("default_selection_blocks", &selectionBlocks)
    try coder.code("mean", &mean)
    try coder.code("std", &standardDeviation)
    try coder.code("crop_per_million", &cropPerMillion)
    try coder.code("interpolation", choice: &interpolation)
    try coder.code("provenance", list: &provenance)
  }

  /// Throws unless these can be a model's facts.
  func verify(file: String) throws {
    func require(_ condition: Bool, _ field: String, _ expected: String, _ found: Any) throws {
      guard condition else {
        throw InputError(
          file: file, field: "facts, \(field)", expected: expected, found: "\(found)")
      }
    }
    for (field, value, range) in [
      ("image height", imageHeight, 1...65536), ("image width", imageWidth, 1...65536),
      ("patch size", patchSize, 1...65536), ("embedding", embedDim, 1...65536),
      ("depth", depth, 1...4096), ("heads", heads, 1...65536), ("classes", classes, 1...(1 << 30)),
      ("prefix tokens", prefixTokens, 0...16), ("crop", cropPerMillion, 1...10_000_000),
    ] {
      try require(
        range.contains(value), field, "\(range.lowerBound) to \(range.upperBound)", value)
    }
    try require(
      mean.count == 3 && mean.allSatisfy(\.isFinite), "mean", "three numbers", mean)
    try require(
      standardDeviation.count == 3 && standardDeviation.allSatisfy { $0.isFinite && $0 > 0 },
      "deviation", "three numbers above 0", standardDeviation)
  }
}
