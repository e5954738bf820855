package import JSON
package import PlanFormat

/// What `vitc inspect` shows of a combined plan beside its first program.
package struct CascadeSummary {
  private let first: Program
  package let cascade: PlanCascade

  /// What the second program does not do again.
  private let shared: SharedSteps?

  /// Nil of a plan of one program.
  package init?(_ plan: PlanFile) {
    guard let cascade = plan.cascade else { return nil }
    (first, self.cascade) = (plan.program, cascade)
    shared = SharedSteps(
      of: cascade.fallback, behind: plan.program, constants: plan.constants)
  }

  /// Of an image on average, in G: the first program sees those too that go on, and the second only does what the first
  /// has not done.
  package func average(_ count: (Program) -> Int) -> Double {
    let all = count(cascade.fallback)
    let further = cascade.record.fallbackShare * Double(shared?.rest(of: all) ?? all)
    return (Double(count(first)) + further) / 1e9
  }

  /// Multiply-adds of an image that are not done again, in G.
  package var sharedGigaMACs: Double { Double(shared?.multiplyAdds ?? 0) / 1e9 }

  private func giga(_ count: Int) -> JSONValue { .init(Double(count) / 1e9) }

  /// The keys that scripts rely on.
  package var members: [JSONMember] {
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
          "shared_gmacs": .init(sharedGigaMACs),
          "average": [
            "gmacs": .init(average(\.multiplyAdds)),
            "executed_gmacs": .init(average(\.executedMultiplyAdds)),
          ],
        ])
    ]
  }
}
