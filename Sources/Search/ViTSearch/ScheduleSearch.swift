internal import Tensors

/// Searches, for each budget, for the schedule that keeps closest to the dense model, without labels and without
/// training.
package final class ScheduleSearch {
  /// What the search has come to.
  package struct Progress: Sendable {
    package var budget: SearchOptions.Budget
    /// Schedules that were tried for this budget, of ``evaluations``.
    package var done: Int
    package var evaluations: Int
    /// The best so far.
    package var best: Comparison
  }

  private let evaluator: ScheduleEvaluator
  private let options: SearchOptions
  private var state: SearchState

  /// What the scores depend on, in words.
  package let settings: String
  private let imageCount: Int

  /// Every schedule that was tried or known, in order of the first look at it.
  package private(set) var trials: [SearchTrial] = []

  /// Lets the dense model answer the images, and takes up what the state's file knows.
  /// - Throws: `InputError` if the file is another search's, or an answer is not finite.
  package init(
    _ evaluator: ScheduleEvaluator, _ images: SearchImages, _ options: SearchOptions,
    state path: String
  ) throws {
    self.evaluator = evaluator
    self.options = options
    imageCount = images.paths.count
    // Before the state's file, which an answer that is no number would leave behind.
    try evaluator.prepare(images)
    settings = [
      options.strategy.rawValue, options.isSizeAware ? "size-aware" : "",
      "\(imageCount) images", "seed \(options.seed)",
      "\(evaluator.dense.session.kernelName) kernels",
    ].filter { !$0.isEmpty }.joined(separator: ", ")
    state = try SearchState(
      path: path,
      identity: .init(
        plan: evaluator.plan.mapped.checksum(), images: images.checksum,
        settings: settings, comparisons: images.crops.count))
  }

  /// How many trials the state's file had.
  package var known: Int { state.found }

  /// Removes the state's file, which nobody needs when all is found.
  package func removeState() { state.remove() }

  /// Searches for one of the budgets.
  /// - Throws: `InputError` if no schedule meets it, if the state cannot be written or memory runs out, and what
  ///   `progress` throws.
  package func run(
    _ budget: SearchOptions.Budget, progress: (Progress) throws -> Void
  ) throws -> SearchResult {
    var meter = try BudgetMeter(budget, evaluator)
    guard options.isCascade else {
      guard let best = try climb(&meter, budget, untouched: 0, leaving: 0, progress) else {
        throw meter.error
      }
      var result = SearchResult(budget: budget, trial: best, images: imageCount)
      result.milliseconds = meter.milliseconds(best.removed)
      return result
    }
    // What a cascade's programs both begin with is done once: blocks that keep all tokens. Where so no schedule meets the
    // budget, all may lose some.
    let rooms = Self.rooms(in: meter.share)
    for untouched in Set([evaluator.plan.facts.depth / 4, 0]).sorted(by: >) {
      for room in rooms {
        meter.begin()
        let best = try climb(&meter, budget, untouched: untouched, leaving: room, progress)
        if let best { return try cascade(of: best, meter, budget, leaving: room) }
      }
    }
    throw meter.error
  }

  /// The best schedule that leaves room for images that go on; nil if none meets the budget.
  private func climb(
    _ meter: inout BudgetMeter, _ budget: SearchOptions.Budget, untouched: Int,
    leaving room: Double, _ progress: (Progress) throws -> Void
  ) throws -> SearchTrial? {
    var climb = ScheduleClimb(
      blocks: max(1, evaluator.plan.facts.depth - 1), untouched: untouched,
      evaluations: options.evaluations, seed: UInt64(bitPattern: Int64(options.seed)))
    let found = try climb.run { parts in
      try meter.schedule(parts, leaving: room)
    } score: { removed in
      try trial(removed).comparison.score
    } progress: { done, best in
      guard let trial = trials.first(where: { $0.removed == best.plan }) else { return }
      try progress(
        Progress(
          budget: budget, done: done, evaluations: options.evaluations, best: trial.comparison))
    }
    return try found.map { try trial($0.plan) }
  }

  /// What a schedule comes to where the dense model answers the images of which it is the least sure, as many as there is
  /// room for.
  private func cascade(
    of best: SearchTrial, _ meter: BudgetMeter, _ budget: SearchOptions.Budget, leaving room: Double
  ) throws -> SearchResult {
    var result = SearchResult(budget: budget, trial: best, images: imageCount)
    let rest = try evaluator.rest(behind: best.removed)
    let cost = try meter.cost(of: rest)
    let margins = try evaluator.margins(of: best)
    let margin = Comparison.margin(ofShare: min(1, room / cost.share), of: margins)
    let share = Comparison.share(below: margin, of: margins)
    result.cascade = .init(
      margin: margin, share: share, images: max(imageCount, evaluator.imagesForMargins))
    result.comparison = best.comparison.cascade(margin: margin)
    result.averageMultiplyAdds += share * Double(rest.executedMultiplyAdds)
    result.milliseconds = meter.milliseconds(best.removed).map {
      $0 + share * (cost.milliseconds ?? 0)
    }
    return result
  }

  /// What images that go on may take of a budget, the best first; the others for models of which no schedule takes so
  /// little. Half of the dense model's work for the schedule was the best of a DeiT-Tiny's for budgets from 55 to 80 %, on
  /// images that no search had seen; for less, hardly any image that goes on is worth what it takes.
  private static func rooms(in budget: Double) -> [Double] {
    let most = max(0.02, budget - 0.5)
    return Set([1, 0.75, 0.5, 0.25].map { max(0.02, $0 * most) }).sorted(by: >)
  }

  private func trial(_ removed: [Int]) throws -> SearchTrial {
    if let known = trials.first(where: { $0.removed == removed }) { return known }
    let trial: SearchTrial
    if let known = state[removed] {
      let executed = try evaluator.executed(evaluator.recipe(removed))
      guard known.multiplyAdds == executed else {
        throw InputError(
          file: state.path, field: "multiply_adds", expected: "\(executed)",
          found: "\(known.multiplyAdds)")
      }
      trial = known
    } else {
      trial = try evaluator.compare(removed)
      try state.add(trial)
    }
    trials.append(trial)
    return trial
  }
}
