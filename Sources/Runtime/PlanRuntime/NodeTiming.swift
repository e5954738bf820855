package import PlanFormat
internal import Tensors

/// Time spent in each kind of step.
package final class NodeTiming: Sendable {
  private let nanoseconds = Lock<[StepKind: UInt64]>([:])

  /// Starts at zero.
  package init() {}

  /// Seconds by kind.
  package var seconds: [StepKind: Double] {
    nanoseconds.withLock { $0.mapValues { Double($0) * 1e-9 } }
  }

  func now() -> UInt64 { MonotonicClock.nanoseconds() }

  func add(_ kind: StepKind, since start: UInt64) {
    let elapsed = now() - start
    nanoseconds.withLock { $0[kind, default: 0] += elapsed }
  }
}

extension Session {
  /// As ``run(images:fill:read:)``, adding the time of each step to `timing`.
  package func runTimed<R>(
    images: Int, timing: NodeTiming,
    fill: (UnsafeMutableBufferPointer<Float>) throws -> Void,
    read: (borrowing RunResult) throws -> R
  ) throws -> R {
    try run(images: images, timing: timing, fill: fill, read: read)
  }
}
