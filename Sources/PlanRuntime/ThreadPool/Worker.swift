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
struct DealtItems {
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
