package import JSON
package import ModelFacts

/// What `vitc inspect` shows of how images are prepared.
package struct PreprocessSummary {
  package let facts: PreprocessFacts
  package let height: Int
  package let width: Int

  package init(_ facts: ModelFacts) {
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
  package var json: JSONValue {
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

  package var extents: String { "\(facts.resizeHeight) x \(facts.resizeWidth)" }
}
