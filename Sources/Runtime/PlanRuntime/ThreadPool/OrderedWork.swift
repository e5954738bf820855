internal import CLibrary
internal import Synchronization
internal import Tensors

/// Work on items that do not depend on each other, by several threads, whose results are told in the items' order.
///
/// A thread that is done with an item takes the next, so that none waits for another. How far they get ahead of
/// what was told is limited, so that memory does not grow with the number of items.
package enum OrderedWork {
  /// Returns when everything was told.
  /// - Parameters:
  ///   - items: number of items.
  ///   - workers: threads, the caller included. If the system refuses some, there are fewer.
  ///   - ahead: how many items may be taken that were not told yet; at least as many as `workers`.
  ///   - work: is called for each item, on any of the threads, with the thread's number from 0.
  ///   - tell: is called on the caller's thread with each item and its result, in order of items.
  /// - Throws: what `tell` throws, after which no other item is taken.
  package static func run<Value: Sendable>(
    items: Int, workers: Int, ahead: Int,
    work: @escaping @Sendable (_ worker: Int, _ item: Int) -> Value,
    tell: (_ item: Int, _ value: Value) throws -> Void
  ) throws {
    precondition(ahead >= workers && workers >= 1, "room for every worker")
    let state = OrderedState<Value>(items: items, ahead: ahead)
    let threads = (1..<workers).compactMap { worker in
      SystemThread.start {
        while let item = state.take() { state.add(work(worker, item), of: item) }
      }
    }
    defer {
      state.stop()
      for thread in threads { pthread_join(thread, nil) }
    }
    while true {
      switch state.next() {
      case .tell(let item, let value): try tell(item, value)
      case .work(let item): state.add(work(0, item), of: item)
      case .end: return
      }
    }
  }
}

/// Which items were taken, and what was not told yet.
private final class OrderedState<Value: Sendable>: Sendable {
  /// What the caller's thread does next.
  enum Turn {
    case tell(Int, Value)
    case work(Int)
    case end
  }

  private struct Progress: Sendable {
    var taken = 0
    var told = 0
    var waiting: [Int: Value] = [:]
    var isStopped = false
  }

  private let items: Int
  private let ahead: Int
  private let progress = Lock(Progress())
  private let sleep = SleepPlace()
  private let sleepers = Atomic<UInt64>(0)

  init(items: Int, ahead: Int) { (self.items, self.ahead) = (items, ahead) }

  /// The next item, once there is room for its result; nil at the end.
  func take() -> Int? {
    var item: Int?
    sleep.wait(countedBy: sleepers) {
      progress.withLock { progress in
        guard !progress.isStopped, progress.taken < items else { return false }
        guard progress.taken < progress.told + ahead else { return true }
        item = progress.taken
        progress.taken += 1
        return false
      }
    }
    return item
  }

  /// What can be told comes before further work.
  func next() -> Turn {
    var turn = Turn.end
    sleep.wait(countedBy: sleepers) {
      progress.withLock { progress in
        if let value = progress.waiting.removeValue(forKey: progress.told) {
          turn = .tell(progress.told, value)
          progress.told += 1
        } else if progress.taken < items, progress.taken < progress.told + ahead {
          turn = .work(progress.taken)
          progress.taken += 1
        } else {
          return progress.told < items
        }
        return false
      }
    }
    if case .tell = turn { sleep.wakeAll() }
    return turn
  }

  func add(_ value: Value, of item: Int) {
    progress.withLock { $0.waiting[item] = value }
    sleep.wakeAll()
  }

  func stop() {
    progress.withLock { $0.isStopped = true }
    sleep.wakeAll()
  }
}
