internal import Passes
internal import Tensors

/// A rewrite as a user words it, option by option, before it is known whether the options go together.
package struct RewriteRequest {
  package var keepRates: [Double]?
  package var blocks: [Int]?
  package var removedCounts: [Int]?
  package var removedEverywhere: Int?
  package var budgetShare: Double?
  package var budgetMultiplyAdds: Double?
  package var strategy: RewriteOptions.Strategy?
  package var similarity: RewriteOptions.Similarity?
  package var seed: Int?
  package var isSizeAware = false
  package var isMultiScale = false
  package var multiScaleFile: String?
  package var isIdentityInitialised = false

  /// Whether the dense program of a combined plan is asked for, and nothing rewritten.
  package var isFallback = false

  package init() {}

  /// What the options ask for together; nil for the dense program.
  /// - Throws: `InputError` naming one that is there without what it goes with, or beside what it excludes.
  package func options() throws -> RewriteOptions? {
    guard !isFallback else {
      guard let other = given.first else { return nil }
      throw InputError(
        option: ProgramOption.isFallback, field: Self.field,
        expected: "no other options, as nothing is rewritten", found: "\(option: other)")
    }
    try require(
      .keepRates, given.contains(where: Self.tellsWork.contains),
      "it or \(Self.list(Self.tellsWork.dropFirst()))")
    try exclude(Self.schedules)
    try exclude(Self.budgets)
    try require(
      .blocks, blocks == nil || (removedCounts == nil && removedEverywhere == nil),
      "\(option: .keepRates), not \(Self.list(Self.schedules.dropFirst()))")
    try require(
      .similarity, similarity == nil || (strategy ?? .merge).definition.takesSimilarity,
      RewriteOptions.strategyWithSimilarity)
    try require(.seed, seed == nil || similarity == .random, "\(option: .similarity) random")
    for option in [RewriteOption.multiScaleFile, .multiScaleIdentity] where !isMultiScale {
      try require(option, !given.contains(option), "\(option: .multiScale)")
    }
    try exclude([.multiScaleFile, .multiScaleIdentity])

    var options = RewriteOptions(keepRates: keepRates ?? [])
    options.blocks = blocks
    options.removal =
      removedCounts.map { .counts($0) } ?? removedEverywhere.map { .everywhere($0) }
    options.budget =
      budgetShare.map { .share($0) } ?? budgetMultiplyAdds.map { .gigaMultiplyAdds($0) }
    options.strategy = strategy ?? options.strategy
    options.similarity = similarity ?? options.similarity
    options.seed = seed ?? options.seed
    options.isSizeAware = isSizeAware
    if isMultiScale {
      options.multiScale =
        isIdentityInitialised ? .identity : multiScaleFile.map { .from(path: $0) } ?? .fromPlan
    }
    try options.checkStrategy()
    return options
  }

  private static let field: Message = "combination"

  /// How many tokens go.
  private static let schedules: [RewriteOption] = [.keepRates, .removedCounts, .removedEverywhere]

  /// What those are scaled to.
  private static let budgets: [RewriteOption] = [.budgetShare, .budgetMultiplyAdds]

  /// One of these has to be there.
  private static let tellsWork = schedules + budgets + [.multiScale]

  /// The options that are there.
  private var given: [RewriteOption] {
    let all: [(RewriteOption, Bool)] = [
      (.keepRates, keepRates != nil), (.blocks, blocks != nil),
      (.removedCounts, removedCounts != nil), (.removedEverywhere, removedEverywhere != nil),
      (.budgetShare, budgetShare != nil), (.budgetMultiplyAdds, budgetMultiplyAdds != nil),
      (.strategy, strategy != nil), (.similarity, similarity != nil), (.seed, seed != nil),
      (.sizeAware, isSizeAware), (.multiScale, isMultiScale),
      (.multiScaleFile, multiScaleFile != nil), (.multiScaleIdentity, isIdentityInitialised),
    ]
    return all.filter(\.1).map(\.0)
  }

  /// Throws if more than one of several options is there.
  private func exclude(_ options: [RewriteOption]) throws {
    let found = options.filter(given.contains)
    guard found.count > 1 else { return }
    throw InputError(
      option: found[1], field: Self.field, expected: "one of \(Self.list(options[...]))",
      found: "\(option: found[0]) too")
  }

  /// Throws unless an option has what it goes with.
  private func require(_ option: RewriteOption, _ holds: Bool, _ expected: Message) throws {
    guard !holds else { return }
    let others = given.filter { $0 != option }
    throw InputError(
      option: option, field: Self.field, expected: expected,
      found: others.isEmpty ? "no other option" : Self.list(others[...]))
  }

  private static func list(_ options: ArraySlice<RewriteOption>) -> Message {
    options.dropFirst().reduce(options.first.map { "\(option: $0)" } ?? "none") {
      "\($0), \(option: $1)"
    }
  }
}
