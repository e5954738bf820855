internal import PlanFormat
internal import Tensors

/// Time spent in each step of a plan's program.
package final class StepTiming: Sendable {
  private let nanoseconds: Lock<[UInt64]>

  /// Starts at zero.
  package init(_ plan: Plan) {
    nanoseconds = Lock([UInt64](repeating: 0, count: plan.program.steps.count))
  }

  /// Seconds of each step, in the program's order.
  package var seconds: [Double] {
    nanoseconds.withLock { $0.map { Double($0) * 1e-9 } }
  }

  func now() -> UInt64 { MonotonicClock.nanoseconds() }

  func add(step: Int, since start: UInt64) {
    let elapsed = now() - start
    nanoseconds.withLock { $0[step] += elapsed }
  }
}

extension Session {
  /// As ``run(images:fill:read:)``, adding the time of each step to `timing`, which is of the session's plan.
  package func runTimed<R>(
    images: Int, timing: StepTiming,
    fill: (UnsafeMutableBufferPointer<Float>) throws -> Void,
    read: (borrowing RunResult) throws -> R
  ) throws -> R {
    try run(images: images, timing: timing, fill: fill, read: read)
  }
}
