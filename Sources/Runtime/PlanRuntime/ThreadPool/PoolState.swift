internal import CVectorExtras
internal import CLibrary
internal import Synchronization
internal import Tensors

/// What the threads of a pool share, and why no item is run twice, left out, or begun too early.
///
/// A region is entered through the gate. Its word holds the region's number, whether it is open and how many
/// threads are inside, so that one compare-exchange both finds it open and counts the thread in: none can
/// come in after ``close()`` took the bit away, and ``close()`` waits until those inside have gone. The
/// number makes a word of an earlier region fail the exchange. A sleeping thread is counted in `sleepers`
/// before it looks at the gate once more, and ``open(_:)`` looks at `sleepers` after it changed the gate; both
/// are sequentially consistent, so that one of the two sees the other and no wake-up is lost.
///
/// Within a region steps follow each other. A queue's word holds its step and the next place in one, so that
/// a claim that was read in one step cannot succeed in the next: step numbers only grow within a region, and
/// no thread is inside while the next region sets them back. Each place is claimed by one exchange, hence
/// by one thread. The last to add to `finished` brings it to the number of items and begins the next step. It
/// acquires what every other thread released with its own addition, and releases all of it with `current`,
/// which the waiting threads acquire: what a step wrote is seen by whoever runs an item of the next. Nobody
/// adds to `finished` between the last addition and the next step's first claim, so setting it to 0 races
/// with nothing.
final class PoolState: Sendable {
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
  let threads = Lock<[pthread_t]>([])

  private static let open: UInt64 = 1 << 16
  private static let count: UInt64 = open - 1

  init(queueCount: Int) { self.queueCount = min(queueCount, queues.count) }

  // MARK: - Steps

  func claim(step: UInt64, queue: Int, of items: DealtItems) -> Int? {
    var current = queues[queue].load()
    while current >> 32 == step,
      let item = items.item(queue: queue, place: Int(current & 0xFFFF_FFFF))
    {
      let result = queues[queue].exchange(current, for: current + 1)
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
    for queue in 0..<queueCount { queues[queue].store(step << 32) }
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
    let end = MonotonicClock.nanoseconds() + ThreadPool.spinNanoseconds
    repeat {
      for _ in 0..<64 {
        if gate.value.load(ordering: .relaxed) != current { return }
        cve_pause()
      }
    } while MonotonicClock.nanoseconds() < end
    sleep.wait(countedBy: sleepers.value) {
      gate.value.load(ordering: .sequentiallyConsistent) == current
        && !isStopping.load(ordering: .sequentiallyConsistent)
    }
  }

  // MARK: - Threads

  func startThread(index: Int) -> Bool {
    guard let thread = SystemThread.start({ self.runThread(index: index) }) else { return false }
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

/// The region in progress: written while the gate is shut, read by threads inside.
final class UnsafeRegion: @unchecked Sendable {
  var body: ThreadPool.Region?
}

/// A counter on cache lines of its own.
private struct Padded: ~Copyable, Sendable {
  private let before: InlineArray<15, UInt64> = .init(repeating: 0)
  let value = Atomic<UInt64>(0)
  private let after: InlineArray<15, UInt64> = .init(repeating: 0)

  // Of a queue's word. Swift 6.2 takes a field of an array's element for a use of the whole element.

  @inline(__always)
  func load() -> UInt64 { value.load(ordering: .acquiring) }

  /// May fail without reason.
  @inline(__always)
  func exchange(_ expected: UInt64, for desired: UInt64) -> (exchanged: Bool, original: UInt64) {
    value.weakCompareExchange(
      expected: expected, desired: desired, successOrdering: .acquiring,
      failureOrdering: .acquiring)
  }

  @inline(__always)
  func store(_ word: UInt64) { value.store(word, ordering: .relaxed) }
}
