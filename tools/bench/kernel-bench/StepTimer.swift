import KernelInterface
import Kernels
import PlanRuntime
import Tensors

/// What was measured of a step.
struct StepTime {
  /// Median microseconds of the runs that count.
  let microseconds: Double

  /// Median share of the limit: of multiply-adds that wait for nothing, on as many threads, measured before and
  /// after each run. Zero where the step has no multiply-adds that count.
  let share: Double
}

/// Times steps on a pool of threads.
struct StepTimer {
  private let kernels: any KernelSet.Type
  private let pool: ThreadPool
  private let memory = StepMemory()
  private let limitValues: UnsafeMutablePointer<Float>

  init(_ kernels: any KernelSet.Type, threads: Int) {
    self.kernels = kernels
    pool = ThreadPool(threadCount: threads)
    limitValues = memory.floats(224)
  }

  var threads: Int { pool.threadCount }

  /// Repeats a step for about a third of a second.
  ///
  /// A neighbour takes part of a shared processor from time to time. Runs count while the limit, before and after
  /// them, is next to the highest that was seen; where too few do, all count.
  func measure(_ step: Step) -> StepTime {
    let turns = step.turns
    let scratchBytes = turns.map(\.scratchBytes).max() ?? 0
    nonisolated(unsafe) let scratch = (0..<threads).map { _ in memory.scratch(scratchBytes) }
    let kernels = kernels
    let regions = turns.map { arguments -> ThreadPool.Region in
      { worker in
        let own = scratch[worker.index]
        worker.forEach(arguments.items) { arguments.run($0, on: kernels, scratch: own) }
      }
    }
    for turn in 0..<3 { pool.run(regions[turn % regions.count]) }
    var runs: [(milliseconds: Double, before: Double, after: Double)] = []
    var clock = Stopwatch()
    var (total, after) = (0.0, limit(&clock))
    while total < 350 || runs.count < 9 {
      let before = after
      let region = regions[runs.count % regions.count]
      _ = clock.lap()
      pool.run(region)
      let milliseconds = clock.lap()
      after = limit(&clock)
      runs.append((milliseconds, before, after))
      total += milliseconds
    }
    let highest = runs.map { max($0.before, $0.after) }.max() ?? 1
    let quiet = runs.filter { min($0.before, $0.after) > 0.97 * highest }
    let counting = quiet.count >= 5 ? quiet : runs
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    return StepTime(
      microseconds: 1000 * median(counting.map(\.milliseconds)),
      share: median(
        counting.map {
          step.flops / $0.milliseconds / 1e6 / (($0.before + $0.after) / 2) / Double(threads)
        }))
  }

  /// GFLOP/s of one core on multiply-adds that wait for nothing.
  private func limit(_ clock: inout Stopwatch) -> Double {
    let rounds = 1000
    _ = clock.lap()
    kernels.multiplyAddLoop(limitValues, rounds: rounds)
    return Double(rounds * 192 * 2) / clock.lap() / 1e6
  }
}
