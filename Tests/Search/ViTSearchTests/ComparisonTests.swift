import Testing
import ViTSearch

struct ComparisonTests {
  private var comparison: Comparison {
    var comparison = Comparison()
    comparison.divergences = [0.04, 0.25, 0, 0.01]
    comparison.agreements = [true, false, true, true]
    comparison.margins = [0.5, 0.1, 0.9, 0.3]
    return comparison
  }

  @Test func meansAreTakenOverImages() {
    #expect(abs(comparison.divergence - 0.075) < 1e-12)
    #expect(comparison.agreement == 0.75)
    #expect(abs(comparison.score - 0.2) < 1e-12)
    #expect(abs(comparison.uncertainty - (0.75 * 0.25 / 4).squareRoot()) < 1e-12)
  }

  /// The images of the smallest margins are answered as the dense model answers them, and the margin is such that those
  /// alone are below it.
  @Test func whatGoesOnIsRight() {
    for count in 0...4 {
      let (cascade, margin) = comparison.cascade(goingOn: count)
      #expect(comparison.margins.count { $0 < margin } == count)
      #expect(cascade.divergences.count { $0 == 0 } >= count)
    }
    let (cascade, margin) = comparison.cascade(goingOn: 1)
    #expect(cascade.divergences == [0.04, 0, 0, 0.01] && cascade.agreement == 1 && margin == 0.3)
  }

  @Test func agreementOfAllIsUncertainToo() {
    var all = comparison
    all.agreements = [true, true, true, true]
    #expect(all.uncertainty > 0.1 && all.uncertainty < 0.3)
  }
}
