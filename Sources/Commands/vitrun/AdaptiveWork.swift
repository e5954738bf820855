internal import CommandSupport
internal import JSON
internal import ViTRuntime

/// What images took, where they keep different numbers of tokens: on average, and from the least to the most.
struct AdaptiveWork {
  /// A number of images.
  private struct Spread {
    var least = Double.infinity
    var most = -Double.infinity
    var sum = 0.0

    mutating func add(_ value: Double) {
      (least, most, sum) = (min(least, value), max(most, value), sum + value)
    }
  }

  private var images = 0
  private var gigaMACs = Spread()
  private var tokens: [Spread] = []

  /// Counts an image.
  mutating func add(_ work: ImageWork) {
    images += 1
    gigaMACs.add(Double(work.multiplyAdds) / 1e9)
    if tokens.isEmpty { tokens = work.tokens.map { _ in Spread() } }
    for (stage, count) in work.tokens.enumerated() { tokens[stage].add(Double(count)) }
  }

  /// Multiply-adds of an image, in G; nil where no image had numbers of its own.
  var averageGigaMACs: Double? { images > 0 ? gigaMACs.sum / Double(images) : nil }

  private func json(_ spread: Spread) -> JSONValue {
    [
      "mean": .init(spread.sum / Double(images)), "least": .init(spread.least),
      "most": .init(spread.most),
    ]
  }

  /// The keys that scripts rely on, of at least one image; none without numbers of their own.
  var members: [JSONMember] {
    guard images > 0 else { return [] }
    return [
      .init("adaptive_gmacs", json(gigaMACs)),
      .init("adaptive_tokens", .array(tokens.map(json))),
    ]
  }

  /// The same for people.
  var lines: [String] {
    guard images > 0 else { return [] }
    func text(_ spread: Spread, _ places: Int) -> String {
      "\(Figures.fixed(spread.sum / Double(images), places)) (\(Figures.fixed(spread.least, places > 1 ? places : 0))"
        + " to \(Figures.fixed(spread.most, places > 1 ? places : 0)))"
    }
    return [
      "work      \(text(gigaMACs, 3)) GMACs an image",
      "tokens    \(tokens.map { text($0, 1) }.joined(separator: ", ")) behind the stages",
    ]
  }
}
