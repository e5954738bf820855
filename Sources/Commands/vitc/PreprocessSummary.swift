internal import JSON
internal import ModelFacts

/// What `vitc inspect` shows of how images are prepared.
struct PreprocessSummary {
  private let facts: PreprocessFacts
  private let height: Int
  private let width: Int

  init(_ facts: ModelFacts) {
    self.facts = facts.preprocess
    (height, width) = (facts.imageHeight, facts.imageWidth)
  }

  /// The crop's rows as a share of those that the resize aims at; nil without a resize.
  private var cropShare: Double? {
    facts.resize == .none ? nil : Double(height) / Double(facts.resizeHeight)
  }

  private var resizeExtents: [Int] {
    facts.resize == .none ? [] : [facts.resizeHeight, facts.resizeWidth]
  }

  /// What samples are multiplied by, in one way or the other.
  private var factor: Double { facts.rescale == .divideBy255 ? 1.0 / 255 : facts.rescaleFactor }

  /// The keys that scripts rely on.
  var json: JSONValue {
    [
      "mean": .array(facts.mean.map { .number("\($0)") }),
      "std": .array(facts.standardDeviation.map { .number("\($0)") }),
      "crop_pct": cropShare.map { .init($0) } ?? .null,
      "interpolation": .string(facts.interpolation.word),
      "resize": [
        "rule": .string(facts.resize.word), "size": .array(resizeExtents.map { .init($0) }),
      ],
      "crop": .string(facts.crop.word),
      "fill": .array(facts.fill.map { .init($0) }),
      "alpha": .string(facts.alpha.word),
      "rescale": ["rule": .string(facts.rescale.word), "factor": .init(factor)],
    ]
  }

  /// The same for people.
  var lines: [String] {
    let resize =
      switch facts.resize {
      case .none: "not resized"
      case .shortestEdge: "shortest edge to \(facts.resizeHeight), \(facts.interpolation.word)"
      case .squash: "resized to \(extents), \(facts.interpolation.word)"
      case .cover: "resized to cover \(extents), \(facts.interpolation.word)"
      case .fit: "resized to fit into \(extents), \(facts.interpolation.word)"
      }
    let crop =
      switch facts.crop {
      case .none: "no crop"
      case .torchvision, .transformers:
        "\(facts.crop.word) centre of \(height) x \(width), padded with \(facts.fill)"
      }
    let alpha = facts.alpha == .drop ? "alpha left out" : "alpha onto white"
    let scale = facts.rescale == .divideBy255 ? "/ 255" : "x \(facts.rescaleFactor)"
    return [
      "  images      \(resize); \(crop); \(alpha)",
      "  samples     \(scale), mean \(facts.mean), std \(facts.standardDeviation)",
    ]
  }

  private var extents: String { "\(facts.resizeHeight) x \(facts.resizeWidth)" }
}
