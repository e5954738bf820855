/// How a plan's answers compare with the dense model's, image by image.
package struct Comparison: Sendable, Equatable {
  /// `KL(dense || plan)` of the softmax, in nats.
  package var divergences: [Double] = []

  /// Whether both name the same class.
  package var agreements: [Bool] = []

  /// How far the plan's two most probable classes are apart: `p1 - p2`.
  package var margins: [Double] = []

  package init() {}

  /// Number of images.
  package var count: Int { divergences.count }

  /// What is minimised: the mean of the divergences' roots, which a few images that go wrong anyhow do not decide.
  package var score: Double { mean(divergences.map { $0.squareRoot() }) }

  /// Mean divergence.
  package var divergence: Double { mean(divergences) }

  /// Share of images with the same class.
  package var agreement: Double { mean(agreements.map { $0 ? 1 : 0 }) }

  /// One standard error of the agreement: by about as much top-1 may differ more, or less, than on these images.
  /// With none or all agreeing, as if one more image did not.
  package var uncertainty: Double {
    let n = Double(count)
    let share = min(max(agreement, 1 / (n + 1)), n / (n + 1))
    return (share * (1 - share) / max(n, 1)).squareRoot()
  }

  /// The same where the dense model answers the `goingOn` images of the smallest margins, and the margin below which
  /// an image goes on.
  package func cascade(goingOn: Int) -> (comparison: Comparison, margin: Double) {
    let order = margins.indices.sorted { (margins[$0], $0) < (margins[$1], $1) }
    var result = self
    for image in order.prefix(goingOn) {
      result.divergences[image] = 0
      result.agreements[image] = true
    }
    return (result, goingOn < count ? (goingOn == 0 ? 0 : margins[order[goingOn]]) : 1)
  }

  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
