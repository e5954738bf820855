internal import ViTRuntime

/// How a plan's answers compare with the dense model's, image by image.
package struct Comparison: Sendable, Equatable {
  /// `KL(dense || plan)` of the softmax, in nats.
  package var divergences: [Double] = []

  /// Whether both name the same class.
  package var agreements: [Bool] = []

  /// How far the plan's two most probable classes are apart: `p1 - p2`.
  package var margins: [Double] = []

  package init() {}

  /// Adds an image, by both models' logits.
  mutating func add(_ logits: [Float], reference: [Float]) {
    func answer(_ logits: [Float]) -> Int {
      Ranking(logits, by: .softmax, count: 1).top[0].index
    }
    divergences.append(max(0, Divergence.softmax(reference, logits)))
    agreements.append(answer(logits) == answer(reference))
    margins.append(Ranking.margin(of: logits))
  }

  /// Number of images.
  package var count: Int { divergences.count }

  /// What is minimised: the mean of the divergences' roots, which a few images that go wrong anyhow do not decide.
  package var score: Double { mean(divergences.map { $0.squareRoot() }) }

  /// Mean divergence.
  package var divergence: Double { mean(divergences) }

  /// Share of images with the same class.
  package var agreement: Double { mean(agreements.map { $0 ? 1 : 0 }) }

  /// One standard error of the agreement on so many images: by about as much top-1 may differ more, or less, than on
  /// these. With none or all agreeing, as if one more image did not. Views of one image count once.
  package func uncertainty(images: Int) -> Double {
    let n = Double(images)
    let share = min(max(agreement, 1 / (n + 1)), n / (n + 1))
    return (share * (1 - share) / max(n, 1)).squareRoot()
  }

  /// The largest margin below which at most this share of the images is that have `margins`.
  package static func margin(ofShare share: Double, of margins: [Double]) -> Double {
    let sorted = margins.sorted()
    let place = Int((share * Double(sorted.count)).rounded(.down))
    return place < sorted.count ? (place > 0 ? sorted[place] : 0) : (sorted.last ?? 0)
  }

  /// The same where the dense model answers the images below a margin.
  package func cascade(margin: Double) -> Comparison {
    var result = self
    for image in margins.indices where margins[image] < margin {
      result.divergences[image] = 0
      result.agreements[image] = true
    }
    return result
  }

  /// The share of images below a margin that have `margins`.
  package static func share(below margin: Double, of margins: [Double]) -> Double {
    Double(margins.count { $0 < margin }) / Double(max(margins.count, 1))
  }

  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
