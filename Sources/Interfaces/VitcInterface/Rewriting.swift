internal import CInterface
public import CVitc
internal import JSON
internal import KernelInterface
internal import ModelFacts
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
    var request = RewriteRequest()
    request.isFallback = try reader.flag("dense")
    request.keepRates = try reader.value("keep").map(Self.rates)
    request.blocks = try reader.array("layers", "an array of blocks", \.integer)
    request.removedCounts = try reader.array("remove", "an array of whole numbers", \.integer)
    request.removedEverywhere = try reader.integer("r", in: 0...(1 << 24))
    request.budgetShare = try reader.number("budget")
    request.budgetMultiplyAdds = try reader.number("target_gmacs")
    request.strategy = try StrategyOption.take(&reader)
    request.similarity = try reader.choice("similarity", of: Similarity.allCases.map(\.word)) {
      word in Similarity.allCases.first { $0.word == word }
    }
    request.seed = try reader.integer("seed", in: .min ... .max)
    request.isSizeAware = try reader.flag("size_aware")
    request.isMultiScale = try reader.flag("multi_scale")
    request.multiScaleFile = try reader.path("multiscale_weights")
    request.isIdentityInitialised =
      try reader.choice("multiscale_init", of: ["identity"]) { $0 == "identity" ? true : nil }
      ?? false
    try reader.finish()
    options = try request.options()
  }

  /// One rate, or one for each layer.
  private static func rates(_ value: JSONValue) throws -> [Double] {
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
      try PlanCompiler.writeFallback(of: plan, to: output)
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
}
