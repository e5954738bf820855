internal import CommandSupport
internal import ViTCompiler
internal import ViTSearch

/// What a search found, for people.
struct SearchSummary {
  private let result: SearchResult
  private let evaluator: ScheduleEvaluator
  private let strategy: RewriteOptions.Strategy
  private let isSizeAware: Bool
  private let output: String

  init(
    _ result: SearchResult, _ evaluator: ScheduleEvaluator, strategy: RewriteOptions.Strategy,
    isSizeAware: Bool, output: String
  ) {
    self.result = result
    self.evaluator = evaluator
    self.strategy = strategy
    self.isSizeAware = isSizeAware
    self.output = output
  }

  var lines: [String] {
    let comparison = result.comparison
    let share = result.averageMultiplyAdds / Double(evaluator.denseMultiplyAdds)
    func percent(_ share: Double) -> String { "\(Figures.fixed(100 * share, 1)) %" }
    var lines = [
      "\(result.budget.text): \(output)",
      "  KL         \(Figures.fixed(comparison.divergence, 4))",
      "  agreement  \(percent(comparison.agreement)) of \(result.images) images in \(SearchImages.views) views; top-1 of others may differ by "
        + "\(Figures.fixed(100 * comparison.uncertainty(images: result.images), 1)) points more or less",
      "  work       \(Figures.fixed(result.averageMultiplyAdds / 1e9, 3)) GMACs executed, "
        + "\(percent(share)) of the dense model's",
    ]
    if let cascade = result.cascade, cascade.margin == 0 {
      lines.append(
        "  cascade    no image goes on to the dense model: \(cascade.images) images are too few for the share that "
          + "the budget leaves")
    } else if let cascade = result.cascade {
      lines.append(
        "  cascade    margin \(Figures.fixed(cascade.margin, 4)), below which \(percent(cascade.share)) of "
          + "\(cascade.images) images of the folder go on to the dense model")
    }
    if let milliseconds = result.milliseconds {
      lines.append("  time       \(Figures.fixed(milliseconds, 2)) ms an image")
    }
    return lines + [
      "  \(result.cascade == nil ? "the same " : "its first")  \(rewrite)"
    ]
  }

  /// What makes the plan again, or of a cascade its first program.
  var rewrite: String {
    "vitc rewrite --strategy \(strategy.rawValue)\(isSizeAware ? " --size-aware" : "") --remove "
      + result.trial.removed.map(String.init).joined(separator: ",")
  }
}

extension SearchOptions.Budget {
  /// As a line begins with it.
  var text: String {
    switch self {
    case .share(let share): "budget \(share)"
    case .milliseconds(let time): "\(time) ms"
    }
  }
}
