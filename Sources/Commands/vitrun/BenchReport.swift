internal import CommandSupport
internal import JSON

/// What `vitrun bench` shows: a plan's speed, and of a cascade its fallback's and the average of an image.
struct BenchReport {
  let first: BenchMeasurement
  let cascade: (fallback: BenchMeasurement, share: Double)?

  /// The keys that scripts rely on; those at the top are the first plan's.
  var json: JSONValue {
    var members = first.settings + first.members
    if let cascade {
      members += [
        .init("fallback", .object(cascade.fallback.members)),
        .init("fallback_share", .init(cascade.share)),
        .init(
          "average",
          [
            "ms": .init(average(\.median)),
            "images_per_second": .init(1 / average { 1 / $0.imagesPerSecond }),
            "gmacs": .init(average(\.gigaMACs)),
            "executed_gmacs": .init(average(\.executedGigaMACs)),
          ]),
      ]
    }
    return .object(members)
  }

  /// The same for people.
  var lines: [String] {
    guard let cascade else { return first.lines }
    return first.lines + ["", "fallback: " + (cascade.fallback.lines.first ?? "")]
      + cascade.fallback.lines.dropFirst() + [
        "",
        "average of an image, \(Figures.fixed(cascade.share * 100, 1)) % of which go on",
        "time    \(Figures.fixed(average(\.median), 2)) ms an image",
        "speed   \(Figures.fixed(1 / average { 1 / $0.imagesPerSecond }, 1)) images/s",
        "work    \(Figures.fixed(average(\.executedGigaMACs), 3)) GMACs an image",
      ]
  }

  /// What an image takes on average: the first plan sees those too that go on.
  private func average(_ cost: (BenchMeasurement) -> Double) -> Double {
    cost(first) + (cascade.map { $0.share * cost($0.fallback) } ?? 0)
  }
}
