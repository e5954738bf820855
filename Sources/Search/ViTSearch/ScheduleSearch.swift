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
    settings = [
      options.strategy.rawValue, options.isSizeAware ? "size-aware" : "",
      "\(imageCount) images", "seed \(options.seed)",
      "\(evaluator.dense.session.kernelName) kernels",
    ].filter { !$0.isEmpty }.joined(separator: ", ")
    state = try SearchState(
      path: path,
      identity: .init(
        plan: evaluator.plan.mapped.checksum(), images: images.checksum,
        settings: settings))
    try evaluator.prepare(images)
  }

  /// How many trials the state's file had.
  package var known: Int { state.found }

  /// Removes the state's file, which nobody needs when all is found.
  package func removeState() { state.remove() }

  /// Searches for one of the budgets.
  /// - Throws: `InputError` if no schedule meets it, if the state cannot be written or memory runs out.
  package func run(
    _ budget: SearchOptions.Budget, progress: (Progress) -> Void
  ) throws -> SearchResult {
    let images = Double(imageCount)
    var climb = ScheduleClimb(
      blocks: max(1, evaluator.plan.facts.depth - 1), evaluations: options.evaluations,
      goingOn: options.isCascade
        ? (first: Int((images * 0.08).rounded(.up)), most: imageCount / 2) : nil,
      seed: UInt64(bitPattern: Int64(options.seed)))
    var meter = try BudgetMeter(budget, evaluator)
    let found = try climb.run { candidate in
      try meter.schedule(candidate.parts, goingOn: Double(candidate.goingOn) / images)
    } score: { removed, goingOn in
      try trial(removed).comparison.cascade(goingOn: goingOn).comparison.score
    } progress: { done, best in
      guard let trial = trials.first(where: { $0.removed == best.plan }) else { return }
      progress(
        Progress(
          budget: budget, done: done, evaluations: options.evaluations,
          best: trial.comparison.cascade(goingOn: best.candidate.goingOn).comparison))
    }
    guard let found else { throw meter.error }
    let best = try self.trial(found.plan)
    let goingOn = found.candidate.goingOn
    let (comparison, margin) = best.comparison.cascade(goingOn: goingOn)
    return SearchResult(
      budget: budget, trial: best, milliseconds: meter.milliseconds(best.removed),
      cascade: options.isCascade ? (margin, goingOn) : nil, comparison: comparison,
      averageMultiplyAdds: Double(best.multiplyAdds)
        + Double(goingOn) / images * Double(evaluator.denseExecuted))
  }

  private func trial(_ removed: [Int]) throws -> SearchTrial {
    if let known = trials.first(where: { $0.removed == removed }) { return known }
    let trial: SearchTrial
    if let known = state[removed] {
      trial = known
    } else {
      trial = try evaluator.compare(removed)
      try state.add(trial)
    }
    trials.append(trial)
    return trial
  }
}
