package import KernelInterface

/// One thread's part in a region.
package struct Worker: ~Copyable {
  /// 0 for the caller, below the pool's `threadCount`.
  package let index: Int

  private let state: PoolState
  private let isAlone: Bool
  private var step: UInt64 = 0

  init(state: PoolState, index: Int, isAlone: Bool) {
    self.state = state
    self.index = index
    self.isAlone = isAlone
  }

  /// Runs `body` for each of the items, numbered from 0, on one thread. Returns when all items are
  /// done, so that the next step sees their results.
  ///
  /// Neighbouring parts are dealt to the same thread, step after step, so that what a thread reads is
  /// what it wrote. A thread that has no item left takes those of others.
  package mutating func forEach(_ items: WorkItems, _ body: (Int) -> Void) {
    let count = items.count
    guard !isAlone else {
      for item in 0..<count { body(item) }
      return
    }
    guard count > 0 else { return }
    let dealt = DealtItems(items, mostQueues: state.queueCount)
    var done = 0
    for turn in 0..<dealt.queueCount {
      let queue = (index + turn) % dealt.queueCount
      while let item = state.claim(step: step, queue: queue, of: dealt) {
        body(item)
        done += 1
      }
    }
    if done > 0 { state.finish(done, step: step, itemCount: count) }
    state.wait(for: step)
    step += 1
  }

  /// As ``forEach(_:_:)``, with every item a part of its own.
  package mutating func forEach(itemCount: Int, _ body: (Int) -> Void) {
    forEach(WorkItems(parts: itemCount), body)
  }
}

/// The items of a step as queues, which are one for each thread where there are enough parts.
struct DealtItems {
  let queueCount: Int
  private let runs: Int
  private let partCount: Int

  init(_ items: WorkItems, mostQueues: Int) {
    partCount = items.parts
    runs = items.runs
    queueCount = min(mostQueues, items.parts)
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
