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
    #expect(abs(comparison.uncertainty(images: 4) - (0.75 * 0.25 / 4).squareRoot()) < 1e-12)
  }

  @Test func whatGoesOnIsRight() {
    let cascade = comparison.cascade(margin: 0.3)
    #expect(cascade.divergences == [0.04, 0, 0, 0.01] && cascade.agreement == 1)
    #expect(
      Comparison.share(below: 0.3, of: comparison.margins) == 0.25
        && Comparison.share(below: 0, of: comparison.margins) == 0)
    #expect(comparison.cascade(margin: 0) == comparison)
  }

  @Test func theMarginIsThatOfTheShare() {
    var even = Comparison()
    even.divergences = .init(repeating: 0, count: 200)
    even.margins = (0..<200).map { Double($0 * 77 % 200) / 200 }
    for share in [0.01, 0.08, 0.2, 0.33, 0.333] {
      let margin = Comparison.margin(ofShare: share, of: even.margins)
      #expect(
        abs(margin - share) < 0.006 && Comparison.share(below: margin, of: even.margins) <= share)
    }
    #expect(
      Comparison.margin(ofShare: 0, of: even.margins) == 0
        && Comparison.margin(ofShare: 1, of: even.margins) < 1)
    #expect(Comparison.margin(ofShare: 0.1, of: []) == 0)
  }

  @Test func agreementOfAllIsUncertainToo() {
    var all = comparison
    all.agreements = [true, true, true, true]
    #expect(all.uncertainty(images: 4) > 0.1 && all.uncertainty(images: 4) < 0.3)
  }
}
