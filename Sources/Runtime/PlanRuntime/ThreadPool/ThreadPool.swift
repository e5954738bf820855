internal import Tensors

/// Threads that run one region of code together, again and again.
///
/// A region is one closure that every thread runs; inside it,
/// ``Worker/forEach(_:_:)`` deals out the items of one step after the other. Between
/// steps threads wait spinning; between regions they spin for ``spinNanoseconds`` and then sleep. A
/// thread that the system has taken off its core is waited for only while it holds an item. Nothing is
/// allocated by a region.
///
/// One caller at a time.
package final class ThreadPool: Sendable {
  /// The code of a region.
  package typealias Region = @Sendable (inout Worker) -> Void

  /// How long a thread stays awake for the next region.
  package static let spinNanoseconds: UInt64 = 50_000

  /// The most threads that a pool has, whatever is asked for.
  package static let mostThreads = 1024

  /// Threads that take part, the caller included.
  package let threadCount: Int

  private let shared: PoolState
  private let process = OwnProcess()

  /// Starts `threadCount - 1` threads, at most ``mostThreads`` with the caller. If the system refuses
  /// some, the pool has fewer.
  package init(threadCount: Int) {
    let wanted = min(max(threadCount, 1), Self.mostThreads)
    shared = PoolState(queueCount: wanted)
    for index in 1..<wanted {
      guard shared.startThread(index: index) else { break }
    }
    self.threadCount = shared.threads.withLock { $0.count } + 1
  }

  deinit {
    if process.isCurrent { return shared.stop() }
    // A forked child has none of the threads, which nobody can wait for, and what they share as they left it.
    _ = Unmanaged.passRetained(shared)
  }

  /// Runs `region` on the calling thread and on every other that is ready in time; returns when all
  /// have left it. All threads must make the same calls to ``Worker/forEach(_:_:)``.
  package func run(_ region: @escaping Region) {
    begin(region)
    finish()
  }

  /// Lets the other threads run `region` while the caller does something else; ``finish()`` must
  /// follow before the next region.
  package func begin(_ region: @escaping Region) {
    if threadCount == 1 { shared.region.body = region } else { shared.open(region) }
  }

  /// Joins the region that was begun; returns when all have left it.
  package func finish() {
    var worker = Worker(state: shared, index: 0, isAlone: threadCount == 1)
    shared.region.body?(&worker)
    if threadCount == 1 { shared.region.body = nil } else { shared.close() }
  }
}
