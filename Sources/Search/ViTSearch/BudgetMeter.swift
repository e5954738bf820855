internal import Passes
internal import Tensors
internal import ViTRuntime

/// Makes schedules of parts that cost what a budget allows, or a little less.
struct BudgetMeter {
  private let budget: SearchOptions.Budget
  private let evaluator: ScheduleEvaluator

  /// Of a time: milliseconds of an image by schedule, and what the dense model takes.
  private var times: [[Int]: Double] = [:]
  private(set) var denseMilliseconds = 0.0

  /// Of a time: the work that last took it, and what is tried first.
  private var multiplyAdds: Double
  private let firstMultiplyAdds: Double

  /// Why the last schedule does not meet the budget.
  private var refusal: InputError?

  init(_ budget: SearchOptions.Budget, _ evaluator: ScheduleEvaluator) throws {
    self.budget = budget
    self.evaluator = evaluator
    var work = Double(evaluator.denseExecuted)
    if case .milliseconds(let target) = budget {
      denseMilliseconds = try evaluator.denseMilliseconds()
      work *= min(1, target / denseMilliseconds)
    }
    (multiplyAdds, firstMultiplyAdds) = (work, work)
  }

  /// Forgets what work other schedules needed for a time.
  mutating func begin() { multiplyAdds = firstMultiplyAdds }

  /// The budget as a share of the dense model's work or time.
  var share: Double {
    switch budget {
    case .share(let share): share
    case .milliseconds(let target): min(1, target / denseMilliseconds)
    }
  }

  /// The schedule of these parts that leaves room for the images that go on.
  /// - Parameter room: what they may take, in the unit of ``share``.
  /// - Returns: nil if there is none.
  mutating func schedule(_ parts: [Double], leaving room: Double) throws -> [Int]? {
    switch budget {
    case .share(let share):
      do {
        return try evaluator.schedule(parts, .share(share - room))
      } catch let error as InputError where error.subject == .option(RewriteOption.budgetShare) {
        if room == 0 { refusal = error }
        return nil
      }
    case .milliseconds(let target):
      return try timed(parts, target - room * denseMilliseconds)
    }
  }

  /// What the dense model takes of an image that a schedule has seen, in the unit of ``share``, and in milliseconds if
  /// the budget is a time.
  func cost(of rest: Plan) throws -> (share: Double, milliseconds: Double?) {
    switch budget {
    case .share:
      return (Double(rest.executedMultiplyAdds) / Double(evaluator.denseMultiplyAdds), nil)
    case .milliseconds:
      let time = try evaluator.milliseconds(rest)
      return (time / denseMilliseconds, time)
    }
  }

  /// Work and time differ, by the number of steps among others: so the work is changed until the time is met.
  private mutating func timed(_ parts: [Double], _ target: Double) throws -> [Int]? {
    guard target > 0 else { return nil }
    var fitting: [Int]?
    for _ in 0..<5 {
      let removed: [Int]
      do {
        removed = try evaluator.schedule(parts, .gigaMultiplyAdds(multiplyAdds / 1e9))
      } catch let error as InputError
        where error.subject == .option(RewriteOption.budgetMultiplyAdds)
      {
        // So little work is left by no schedule of these parts; by others it may be.
        begin()
        break
      }
      let time = try times[removed] ?? evaluator.milliseconds(removed)
      times[removed] = time
      if time <= target {
        fitting = removed
        // Within 3 % is as near as times repeat.
        if time > 0.97 * target { break }
      }
      multiplyAdds = min(multiplyAdds * 0.99 * target / time, Double(evaluator.denseExecuted) - 1)
    }
    return fitting
  }

  /// What a schedule took, if the budget is a time.
  func milliseconds(_ removed: [Int]) -> Double? { times[removed] }

  /// That no schedule meets the budget.
  var error: InputError {
    switch budget {
    case .share(let share):
      refusal
        ?? InputError(
          option: SearchOption.share, field: "share",
          expected: "one that leaves room for the images that go on to the dense model",
          found: "\(share)")
    case .milliseconds(let target):
      InputError(
        option: SearchOption.milliseconds, field: "milliseconds",
        expected:
          "less than the \(denseMilliseconds) of the dense model, and a time that some schedule meets",
        found: "\(target)")
    }
  }
}
