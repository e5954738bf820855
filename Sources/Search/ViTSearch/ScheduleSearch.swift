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
    let goingOn = options.isCascade ? Self.shareGoingOn(meter.share) : 0
    var climb = ScheduleClimb(
      blocks: max(1, evaluator.plan.facts.depth - 1), evaluations: options.evaluations,
      seed: UInt64(bitPattern: Int64(options.seed)))
    let found = try climb.run { parts in
      try meter.schedule(parts, goingOn: goingOn)
    } score: { removed in
      try trial(removed).comparison.score
    } progress: { done, best in
      guard let trial = trials.first(where: { $0.removed == best.plan }) else { return }
      try progress(
        Progress(
          budget: budget, done: done, evaluations: options.evaluations, best: trial.comparison))
    }
    guard let found else { throw meter.error }
    let best = try trial(found.plan)
    var result = SearchResult(budget: budget, trial: best, images: imageCount)
    result.milliseconds = meter.milliseconds(best.removed)
    if options.isCascade {
      let margins = try evaluator.margins(of: best)
      let margin = Comparison.margin(ofShare: goingOn, of: margins)
      let share = Comparison.share(below: margin, of: margins)
      result.cascade = .init(
        margin: margin, share: share, images: max(imageCount, evaluator.imagesForMargins))
      result.comparison = best.comparison.cascade(margin: margin)
      result.averageMultiplyAdds += share * Double(evaluator.denseExecuted)
      result.milliseconds? += share * meter.denseMilliseconds
    }
    return result
  }

  /// The share of images that go on to the dense model: 15 % at 65 % of the work. Of a DeiT-Tiny 14 to 18 % agreed better
  /// with it there than 12 or 10 %, on images that no search had seen. Where more work is allowed the plan needs less
  /// help; below half of the work it loses more for each image that goes on than that image gives back.
  private static func shareGoingOn(_ budget: Double) -> Double {
    max(0.02, min(0.15, 0.43 * (1 - budget), 0.75 * (budget - 0.45)))
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
