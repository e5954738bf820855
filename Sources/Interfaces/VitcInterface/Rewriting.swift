internal import CInterface
public import CVitc
internal import JSON
internal import KernelInterface
internal import ModelFacts
internal import Passes
internal import PlanFormat
internal import ViTCompiler

/// See vitc.h.
@_cdecl("vitc_rewrite")
public func rewrite(
  _ plan: UnsafePointer<CChar>?, _ output: UnsafePointer<CChar>?,
  _ options: UnsafePointer<CChar>?, _ report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitc_status {
  library.call {
    let plan = try library.path(plan, "plan")
    let output = try library.path(output, "output")
    let rewriting = try Rewriting(options)
    try give(rewriting.run(try PlanFile(path: plan), to: output), to: report)
  }
}

/// What the options of a rewrite ask for; nil for the dense program of a combined plan.
private struct Rewriting {
  private let options: RewriteOptions?

  init(_ text: UnsafePointer<CChar>?) throws {
    var reader = try OptionReader(text)
    if try reader.flag("dense") {
      guard reader.isEmpty else {
        throw OptionReader.error("dense", "no other options, as nothing is rewritten", "others")
      }
      options = nil
      return
    }
    let keep = reader.value("keep")
    var options = RewriteOptions(keepRates: try Self.rates(keep))
    options.blocks = try reader.array("layers", "an array of blocks", \.integer)
    let counts = try reader.array("remove", "an array of whole numbers", \.integer)
    let everywhere = try reader.integer("r", in: 0...(1 << 24))
    let share = try reader.number("budget")
    let giga = try reader.number("target_gmacs")
    options.removal = counts.map { .counts($0) } ?? everywhere.map { .everywhere($0) }
    options.budget = share.map { .share($0) } ?? giga.map { .gigaMultiplyAdds($0) }
    options.strategy = try StrategyOption.take(&reader) ?? .merge
    let similarity = try reader.choice("similarity", of: Similarity.allCases.map(\.word)) { word in
      Similarity.allCases.first { $0.word == word }
    }
    options.similarity = similarity ?? .cosine
    let seed = try reader.integer("seed", in: .min ... .max)
    options.seed = seed ?? 0
    options.isSizeAware = try reader.flag("size_aware")
    let isMultiScale = try reader.flag("multi_scale")
    let weights = try reader.path("multiscale_weights")
    let start = try reader.choice("multiscale_init", of: ["identity"]) {
      $0 == "identity" ? RewriteOptions.MultiScale.identity : nil
    }
    try reader.finish()
    if isMultiScale {
      options.multiScale = start ?? weights.map { .from(path: $0) } ?? .fromPlan
    }

    /// Throws if an option is there without what it goes with.
    func require(_ holds: Bool, _ name: String, _ expected: String) throws {
      if !holds { throw OptionReader.error(name, expected, "other options") }
    }
    let schedules = [keep != nil, counts != nil, everywhere != nil].count(where: \.self)
    let budgets = [share != nil, giga != nil].count(where: \.self)
    try require(
      schedules + budgets > 0 || isMultiScale, "keep",
      "it, remove, r, budget, target_gmacs or multi_scale")
    try require(schedules < 2, "keep", "one of keep, remove and r")
    try require(budgets < 2, "budget", "budget or target_gmacs")
    try require(
      options.blocks == nil || options.removal == nil, "layers", "keep, not remove or r")
    try require(
      similarity == nil || options.strategy.definition.takesSimilarity, "similarity",
      "a strategy that joins by similarity")
    try require(seed == nil || similarity == .random, "seed", "similarity random")
    try StrategyOption.checkSizes(options.strategy, isSizeAware: options.isSizeAware)
    try require(
      isMultiScale || (weights == nil && start == nil), "multi_scale",
      "it with multiscale_weights and multiscale_init")
    try require(
      weights == nil || start == nil, "multiscale_init", "it or multiscale_weights")
    self.options = options
  }

  /// One rate, or one for each layer.
  private static func rates(_ value: JSONValue?) throws -> [Double] {
    guard let value else { return [] }
    let rates = value.elements.map { $0.compactMap(\.double) } ?? value.double.map { [$0] } ?? []
    guard !rates.isEmpty, rates.count == value.elements?.count ?? 1 else {
      throw OptionReader.error("keep", "a rate, or an array of rates", value.kind)
    }
    return rates
  }

  /// - Returns: the report.
  func run(_ plan: PlanFile, to output: String) throws -> JSONValue {
    let whole = try PlanCompiler.model(of: plan, recipe: RewriteRecipe())
    guard let options else {
      try plan.requireCascade()
      try PlanCompiler.rewrite(plan, recipe: RewriteRecipe(), to: output)
      return Self.report(whole, whole, [])
    }
    var (model, notes) = try PlanCompiler.rewrite(plan, options, to: output)
    if plan.cascade != nil {
      notes.append(
        "\(plan.path): cascade: left out, as its margin belongs to the schedule that it had")
    }
    return Self.report(model, whole, notes)
  }

  private static func report(
    _ model: RewrittenModel, _ whole: RewrittenModel, _ messages: [Message]
  ) -> JSONValue {
    [
      "gmacs": .init(Double(model.multiplyAdds) / 1e9),
      "executed_gmacs": .init(Double(model.executedMultiplyAdds) / 1e9),
      "dense_gmacs": .init(Double(whole.multiplyAdds) / 1e9), "notes": notes(messages),
    ]
  }
}

/// The options that a rewrite and a search have in common.
enum StrategyOption {
  static func take(_ reader: inout OptionReader) throws -> RewriteOptions.Strategy? {
    try reader.choice(
      "strategy", of: RewriteOptions.Strategy.allCases.map(\.rawValue),
      RewriteOptions.Strategy.init(rawValue:))
  }

  static func checkSizes(_ strategy: RewriteOptions.Strategy, isSizeAware: Bool) throws {
    guard !isSizeAware || strategy.definition.sizes != .unchanged else {
      throw OptionReader.error(
        "size_aware", "a strategy whose tokens can stand for more than one patch",
        strategy.rawValue)
    }
  }
}

extension PlanFile {
  /// Throws unless it is a combined plan.
  func requireCascade() throws {
    guard cascade == nil else { return }
    throw InputError(
      file: path, field: "dense", expected: "a combined plan, which holds a dense program too",
      found: "a plan of one program")
  }
}
