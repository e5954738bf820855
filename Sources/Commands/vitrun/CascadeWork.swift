internal import CommandSupport
internal import JSON
internal import ViTRuntime

/// What images took on average, and how many of them went on.
struct CascadeWork {
  private let plan: Plan
  private let fallback: Plan?
  private var images = 0
  private var fallbacks = 0

  /// What images took, where they keep different numbers of tokens.
  private var adaptive = AdaptiveWork()

  init(_ model: Model) { (plan, fallback) = (model.plan, model.fallback?.plan) }

  /// Counts an image.
  mutating func add(_ answer: Cascade.Answer) {
    images += 1
    if answer.isFallback { fallbacks += 1 }
    if let work = answer.work { adaptive.add(work) }
  }

  private var share: Double { Double(fallbacks) / Double(images) }

  /// Multiply-adds that are executed for an image, in G: the first plan sees those too that go on.
  var gigaMACs: Double {
    if let own = adaptive.averageGigaMACs { return own }
    let further = fallback.map { share * Double($0.executedMultiplyAdds) } ?? 0
    return (Double(plan.executedMultiplyAdds) + further) / 1e9
  }

  /// The keys that scripts rely on, of at least one image.
  var members: [JSONMember] {
    (fallback == nil ? [] : [.init("fallback_share", .init(share))])
      + [.init("executed_gmacs", .init(gigaMACs))] + adaptive.members
  }

  /// The same for people, who are told of the work of a cascade alone.
  var lines: [String] {
    guard fallback != nil else { return adaptive.lines }
    return [
      "fallback  \(fallbacks) of \(images) (\(Figures.fixed(share * 100, 1)) %)",
      "work      \(Figures.fixed(gigaMACs, 3)) GMACs an image",
    ]
  }
}
