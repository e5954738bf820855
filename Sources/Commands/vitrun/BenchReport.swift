internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors

/// What one measurement of `vitrun bench` shows: a plan's speed, and of a cascade its fallback's and the average
/// of an image.
struct BenchReport {
  /// The plan's path.
  let plan: String

  let first: BenchMeasurement
  let fallback: Fallback?

  /// What the plan falls back on.
  struct Fallback {
    /// Of an image that the first plan has seen.
    let measurement: BenchMeasurement

    /// The share of images that go on.
    let share: Double

    /// What such an image need not take again; nil where the plans begin with other steps.
    let shared: SharedSteps?
  }

  /// What an image takes on average: the first plan sees those too that go on.
  var average: BenchAverage? {
    fallback.map { BenchAverage(first, $0.measurement, share: $0.share) }
  }

  /// The keys that scripts rely on; those at the top are the first plan's.
  func json(namesPlan: Bool) -> JSONValue {
    var members: [JSONMember] =
      namesPlan ? [.init("plan", .string(PathText.repaired(plan)))] : []
    members += first.settings + first.members
    if let fallback, let average {
      members += [
        .init("fallback", .object(fallback.measurement.members)),
        .init("fallback_share", .init(fallback.share)),
        .init("shared_gmacs", .init(Double(fallback.shared?.multiplyAdds ?? 0) / 1e9)),
        .init(
          "average",
          [
            "ms": .init(average.milliseconds), "images_per_second": .init(average.imagesPerSecond),
            "gmacs": .init(average.gigaMACs), "executed_gmacs": .init(average.executedGigaMACs),
          ]),
      ]
    }
    return .object(members)
  }

  /// The same for people.
  var lines: [String] {
    guard let fallback, let average else { return first.lines }
    let lines = fallback.measurement.lines
    let shared = fallback.shared.map {
      ", behind \(Figures.fixed(Double($0.multiplyAdds) / 1e9, 3)) GMACs that both share"
    }
    return first.lines + ["", "fallback\(shared ?? ""): " + (lines.first ?? "")]
      + lines.dropFirst() + [
        "",
        "average of an image, \(Figures.fixed(fallback.share * 100, 1)) % of which go on",
        "time    \(Figures.fixed(average.milliseconds, 2)) ms an image",
        "speed   \(Figures.fixed(average.imagesPerSecond, 1)) images/s",
        "work    \(Figures.fixed(average.executedGigaMACs, 3)) GMACs an image",
      ]
  }

  /// Which of several it is.
  var title: String { "\(plan), batch \(first.batch), \(first.threads) threads" }

  /// Tables of the steps.
  var stepLines: [String] {
    first.stepLines
      + (fallback.map { ["", "fallback:"] + $0.measurement.stepLines } ?? [])
  }
}

/// What an image takes of a cascade on average.
struct BenchAverage {
  let milliseconds: Double
  let imagesPerSecond: Double
  let gigaMACs: Double
  let executedGigaMACs: Double

  init(_ first: BenchMeasurement, _ fallback: BenchMeasurement, share: Double) {
    func average(_ cost: (BenchMeasurement) -> Double) -> Double {
      cost(first) + share * cost(fallback)
    }
    milliseconds = average(\.median)
    imagesPerSecond = 1 / average { 1 / $0.imagesPerSecond }
    gigaMACs = average(\.gigaMACs)
    executedGigaMACs = average(\.executedGigaMACs)
  }
}
