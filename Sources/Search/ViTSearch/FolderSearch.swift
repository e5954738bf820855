internal import PlanFormat
package import Tensors
internal import ViTCompiler
internal import ViTRuntime

/// A search on the images of a folder, from the paths of what it reads to the plans that it writes.
package struct FolderSearch {
  package let evaluator: ScheduleEvaluator

  private let schedules: ScheduleSearch
  private let title: String
  private let keepsState: Bool

  /// Opens the plan, chooses images, and takes up what the state's file knows.
  /// - Parameters:
  ///   - outputs: what will be written, which is checked before the search and not behind it.
  ///   - state: where the search keeps what it has tried.
  ///   - keepsState: whether that stays when all is found.
  ///   - skipped: told of every image that cannot be read.
  ///   - note: told what else is worth knowing.
  /// - Throws: `InputError` if the plan, the images or the state do not suit, or an output cannot be written.
  package init(
    _ plan: String, on folder: String, _ options: SearchOptions, to outputs: [String],
    state: String, keepsState: Bool, skipped: (InputError) -> Void, note: (Message) -> Void
  ) throws {
    evaluator = try ScheduleEvaluator(Plan(path: plan), options)
    let all = try ImageList.images(below: folder)
    for output in outputs { try OutputFile.check(path: output, against: all) }
    try OutputFile.checkDistinct(outputs + [state])
    let images = try SearchImages(
      all, in: folder, count: options.count, seed: options.seed, for: evaluator.dense,
      maximumPixels: options.maximumPixels, skipped: skipped)
    let count = images.paths.count
    if count < options.count {
      note(
        "\(folder): \(count) images that can be read, fewer than \(option: SearchOption.count) \(options.count)"
      )
    }
    schedules = try ScheduleSearch(evaluator, images, options, state: state)
    if schedules.known > 0 { note("\(state): goes on after \(schedules.known) schedules") }
    (title, self.keepsState) = (plan, keepsState)
  }

  /// Calls `body`, which searches and writes.
  package func run<R>(_ body: (ScheduleSearch) throws -> R) throws -> R {
    do {
      let result = try body(schedules)
      if !keepsState { schedules.removeState() }
      return result
    } catch {
      // What has tried nothing would only be in the way of another search.
      if !keepsState, schedules.trials.isEmpty { schedules.removeState() }
      throw error
    }
  }

  /// Writes the plan that was found.
  package func write(_ result: SearchResult, to path: String) throws {
    try PlanCompiler.rewrite(
      evaluator.plan, recipe: try evaluator.recipe(result.trial.removed),
      cascade: result.cascade.map { CascadeRecord(margin: $0.margin, fallbackShare: $0.share) },
      to: path)
  }

  /// A page of what was tried and found.
  package func report(_ found: [SearchReport.Found]) throws -> SearchReport {
    try SearchReport(of: schedules, evaluator, title: title, found: found)
  }
}
