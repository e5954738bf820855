internal import CVectorExtras
internal import Glibc
internal import Synchronization

/// Threads that run one region of code together, again and again.
///
/// A region is one closure that every thread runs; inside it, ``Worker/forEach(itemCount:partCount:_:)`` deals
/// out the items of one step after the other. Between steps threads wait spinning; between regions
/// they spin for ``spinNanoseconds`` and then sleep. A thread that the system has taken off its core
/// is waited for only while it holds an item. Nothing is allocated by a region.
///
/// One caller at a time.
package final class ThreadPool: Sendable {
  /// The code of a region.
  package typealias Region = @Sendable (inout Worker) -> Void

  /// How long a thread stays awake for the next region.
  package static let spinNanoseconds: UInt64 = 50_000

  /// Threads that take part, the caller included.
  package let threadCount: Int

  private let shared: SharedState

  /// Starts `threadCount - 1` threads. If the system refuses some, the pool has fewer.
  package init(threadCount: Int) {
    shared = SharedState(queueCount: max(threadCount, 1))
    for index in 1..<max(threadCount, 1) {
      guard shared.startThread(index: index) else { break }
    }
    self.threadCount = shared.threads.withLock { $0.count } + 1
  }

  deinit { shared.stop() }

  /// Runs `region` on the calling thread and on every other that is ready in time; returns when all
  /// have left it. All threads must make the same calls to ``Worker/forEach(itemCount:partCount:_:)``.
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

/// One thread's part in a region.
package struct Worker: ~Copyable {
  /// 0 for the caller, below the pool's `threadCount`.
  package let index: Int

  private let state: SharedState
  private let isAlone: Bool
  private var step: UInt64 = 0

  fileprivate init(state: SharedState, index: Int, isAlone: Bool) {
    self.state = state
    self.index = index
    self.isAlone = isAlone
  }

  /// Runs `body` for items of `0..<itemCount`, each on one thread. Returns when all items are done, so
  /// that the next step sees their results.
  ///
  /// Item i belongs to part `i % partCount`; neighbouring parts are dealt to the same thread, step
  /// after step, so that what a thread reads is what it wrote. A thread that has no item left takes
  /// those of others. `partCount` divides `itemCount`; `nil` makes every item a part.
  package mutating func forEach(
    itemCount: Int, partCount: Int? = nil, _ body: (Int) -> Void
  ) {
    guard !isAlone else {
      for item in 0..<max(itemCount, 0) { body(item) }
      return
    }
    guard itemCount > 0 else { return }
    let items = DealtItems(
      itemCount: itemCount, partCount: partCount ?? itemCount, mostQueues: state.queueCount)
    var done = 0
    for turn in 0..<items.queueCount {
      let queue = (index + turn) % items.queueCount
      while let item = state.claim(step: step, queue: queue, of: items) {
        body(item)
        done += 1
      }
    }
    if done > 0 { state.finish(done, step: step, itemCount: itemCount) }
    state.wait(for: step)
    step += 1
  }
}

/// The items of a step as queues, which are one for each thread where there are enough parts.
private struct DealtItems {
  let queueCount: Int
  private let runs: Int
  private let partCount: Int

  init(itemCount: Int, partCount: Int, mostQueues: Int) {
    self.partCount = partCount
    runs = itemCount / partCount
    queueCount = min(mostQueues, partCount)
  }

  /// The item at a place of a queue, `nil` past its end. A queue goes through its parts again for each
  /// run of items.
  func item(queue: Int, place: Int) -> Int? {
    let first = queue * partCount / queueCount
    let width = (queue + 1) * partCount / queueCount - first
    let (run, part) = place.quotientAndRemainder(dividingBy: width)
    return run < runs ? run * partCount + first + part : nil
  }
}

/// What the threads of a pool share.
private final class SharedState: Sendable {
  /// For each queue the step in the upper half, the next place in the lower.
  private let queues = InlineArray<16, Padded> { _ in Padded() }
  /// Queues in use, one a thread as far as they go.
  let queueCount: Int
  /// The step in progress.
  private let current = Padded()
  /// Finished items of the step.
  private let finished = Padded()
  /// Region number in the upper half, `open` bit, threads inside in the low bits.
  private let gate = Padded()
  /// Threads asleep.
  private let sleepers = Padded()
  private let isStopping = Atomic(false)

  let region = UnsafeRegion()
  private let sleep = SleepPlace()
  let threads = Mutex<[pthread_t]>([])

  private static let open: UInt64 = 1 << 16
  private static let count: UInt64 = open - 1

  init(queueCount: Int) { self.queueCount = min(queueCount, queues.count) }

  // MARK: - Steps

  func claim(step: UInt64, queue: Int, of items: DealtItems) -> Int? {
    var current = queues[queue].value.load(ordering: .acquiring)
    while current >> 32 == step,
      let item = items.item(queue: queue, place: Int(current & 0xFFFF_FFFF))
    {
      let result = queues[queue].value.weakCompareExchange(
        expected: current, desired: current + 1, successOrdering: .acquiring,
        failureOrdering: .acquiring)
      if result.exchanged { return item }
      current = result.original
    }
    return nil
  }

  /// A thread has finished as many items and claims no more of this step.
  func finish(_ count: Int, step: UInt64, itemCount: Int) {
    let done = finished.value.wrappingAdd(
      UInt64(count), ordering: .acquiringAndReleasing
    ).newValue
    if done == UInt64(itemCount) { begin(step: step + 1) }
  }

  private func begin(step: UInt64) {
    finished.value.store(0, ordering: .relaxed)
    for queue in 0..<queueCount { queues[queue].value.store(step << 32, ordering: .relaxed) }
    current.value.store(step, ordering: .releasing)
  }

  func wait(for step: UInt64) {
    var pauses = 0
    while current.value.load(ordering: .acquiring) == step {
      cve_pause()
      pauses += 1
      if pauses & 0xFFF == 0 { sched_yield() }
    }
  }

  // MARK: - Regions

  func open(_ body: @escaping ThreadPool.Region) {
    region.body = body
    begin(step: 0)
    let number = gate.value.load(ordering: .relaxed) >> 32
    gate.value.store((number + 1) << 32 | Self.open, ordering: .sequentiallyConsistent)
    if sleepers.value.load(ordering: .sequentiallyConsistent) > 0 { sleep.wakeAll() }
  }

  func close() {
    gate.value.bitwiseAnd(~Self.open, ordering: .acquiringAndReleasing)
    var pauses = 0
    while gate.value.load(ordering: .acquiring) & Self.count != 0 {
      cve_pause()
      pauses += 1
      if pauses & 0xFFF == 0 { sched_yield() }
    }
    region.body = nil
  }

  /// Waits for a region after number `last` and enters it; `nil` when the pool ends.
  private func enter(after last: UInt64) -> UInt64? {
    while !isStopping.load(ordering: .acquiring) {
      let current = gate.value.load(ordering: .acquiring)
      if current >> 32 != last, current & Self.open != 0 {
        let result = gate.value.compareExchange(
          expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
        if result.exchanged { return current >> 32 }
      } else {
        waitForGate(toLeave: current)
      }
    }
    return nil
  }

  private func waitForGate(toLeave current: UInt64) {
    let end = monotonicNanoseconds() + ThreadPool.spinNanoseconds
    repeat {
      for _ in 0..<64 {
        if gate.value.load(ordering: .relaxed) != current { return }
        cve_pause()
      }
    } while monotonicNanoseconds() < end
    sleep.wait(countedBy: sleepers.value) {
      gate.value.load(ordering: .sequentiallyConsistent) == current
        && !isStopping.load(ordering: .sequentiallyConsistent)
    }
  }

  // MARK: - Threads

  func startThread(index: Int) -> Bool {
    let start = Unmanaged.passRetained(ThreadStart(state: self, index: index))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        if let argument {
          let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
          start.state.runThread(index: start.index)
        }
        return nil
      }, start.toOpaque())
    guard status == 0 else {
      start.release()
      return false
    }
    threads.withLock { $0.append(thread) }
    return true
  }

  private func runThread(index: Int) {
    var last: UInt64 = 0
    while let number = enter(after: last) {
      last = number
      var worker = Worker(state: self, index: index, isAlone: false)
      region.body?(&worker)
      gate.value.wrappingSubtract(1, ordering: .acquiringAndReleasing)
    }
  }

  func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    sleep.wakeAll()
    for thread in threads.withLock({ $0 }) { pthread_join(thread, nil) }
  }
}

/// What a new thread is given.
private final class ThreadStart: Sendable {
  let state: SharedState
  let index: Int

  init(state: SharedState, index: Int) {
    self.state = state
    self.index = index
  }
}

/// The region in progress: written while the gate is shut, read by threads inside.
private final class UnsafeRegion: @unchecked Sendable {
  var body: ThreadPool.Region?
}

/// A counter on cache lines of its own.
private struct Padded: ~Copyable, Sendable {
  private let before: InlineArray<15, UInt64> = .init(repeating: 0)
  let value = Atomic<UInt64>(0)
  private let after: InlineArray<15, UInt64> = .init(repeating: 0)
}

/// Where threads sleep until they are woken.
private final class SleepPlace: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Sleeps while `mustSleep` holds. The count is raised before the first look, so that whoever
  /// changes the answer and then reads the count either is seen or sees.
  func wait(countedBy sleepers: borrowing Atomic<UInt64>, while mustSleep: () -> Bool) {
    pthread_mutex_lock(mutex)
    sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
    while mustSleep() { pthread_cond_wait(condition, mutex) }
    sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }

  func wakeAll() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }
}

private func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
