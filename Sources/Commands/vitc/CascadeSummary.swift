internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors

/// What `vitc inspect` shows of a combined plan beside its first program.
struct CascadeSummary {
  private let first: Program
  private let cascade: PlanCascade

  /// Nil of a plan of one program.
  init?(_ plan: PlanFile) {
    guard let cascade = plan.cascade else { return nil }
    (first, self.cascade) = (plan.program, cascade)
  }

  /// Of an image on average, in G: the first program sees those too that go on.
  private func average(_ count: (Program) -> Int) -> Double {
    let further = cascade.record.fallbackShare * Double(count(cascade.fallback))
    return (Double(count(first)) + further) / 1e9
  }

  private func giga(_ count: Int) -> JSONValue { .init(Double(count) / 1e9) }

  /// The keys that scripts rely on.
  var members: [JSONMember] {
    [
      .init(
        "cascade",
        [
          "margin": .init(cascade.record.margin),
          "fallback_share": .init(cascade.record.fallbackShare),
          "fallback": [
            "gmacs": giga(cascade.fallback.multiplyAdds),
            "executed_gmacs": giga(cascade.fallback.executedMultiplyAdds),
            "activation_bytes_per_image": .init(cascade.fallback.arenaBytes),
          ],
          "average": [
            "gmacs": .init(average(\.multiplyAdds)),
            "executed_gmacs": .init(average(\.executedMultiplyAdds)),
          ],
        ])
    ]
  }

  /// The same for people.
  var lines: [String] {
    let record = cascade.record
    let dense = Figures.fixed(Double(cascade.fallback.multiplyAdds) / 1e9, 3)
    return [
      "  cascade     below a margin of \(Figures.fixed(record.margin, 4)) the dense program answers, of \(dense) GMACs",
      "              for \(Figures.fixed(record.fallbackShare * 100, 1)) % of images, as expected: "
        + "\(Figures.fixed(average(\.multiplyAdds), 3)) GMACs an image",
    ]
  }
}

extension PlanFile {
  /// Throws unless it is a combined plan.
  func requireCascade() throws {
    guard cascade == nil else { return }
    throw InputError(
      file: path, field: "--dense", expected: "a combined plan, which holds a dense program too",
      found: "a plan of one program")
  }
}
