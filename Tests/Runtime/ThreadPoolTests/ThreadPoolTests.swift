import KernelInterface
import PlanRuntime
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func everyItemOfEveryStepRunsOnceAndStepsFollowEachOther(threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    #expect(pool.threadCount == threads)
    let log = Log(items: 36)
    let steps = [36, 1, 2, 9, 18].map { WorkItems(parts: $0, runs: 36 / $0) }
    for region in 0..<200 {
      pool.run { worker in
        for step in 0..<5 {
          worker.forEach(steps[step]) { item in
            log.advance(item, to: region * 5 + step + 1)
          }
          worker.forEach(itemCount: 0) { _ in log.fail() }
        }
      }
    }
    // Steps of fewer parts have more runs: each goes over all items.
    #expect(log.failures == 0 && log.all(at: 200 * 5))
  }

  /// Steps of every form one after the other: an item that no thread gets would be waited for forever.
  @Test(arguments: [1, 2, 3, 8])
  func noFormOfItemsLeavesOneOut(threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    let log = Log(items: 7 * 8)
    var steps = 0
    for parts in -1...7 {
      for runs in -1...8 {
        let items = WorkItems(parts: parts, runs: runs)
        #expect(items.count == max(parts, 0) * max(runs, 0))
        #expect(items.count % max(items.parts, 1) == 0)
        let target = steps + 1
        pool.run { worker in
          worker.forEach(items) { item in log.advance(item, to: target) }
          worker.forEach(itemCount: 7 * 8 - items.count) { item in
            log.advance(items.count + item, to: target)
          }
        }
        steps = target
      }
    }
    #expect(log.failures == 0 && log.all(at: steps))
  }

  @Test(arguments: [1, 2, 4])
  func whoeverComesLateFindsItsItemsDone(threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    let log = Log(items: 40)
    for region in 0..<20 {
      pool.run { worker in
        if worker.index == region % 4 { sleepMilliseconds(1) }
        worker.forEach(WorkItems(parts: 8, runs: 5)) { item in log.advance(item, to: region + 1) }
      }
    }
    #expect(log.failures == 0 && log.all(at: 20))
  }

  @Test func workersHaveDistinctIndices() {
    let pool = ThreadPool(threadCount: 4)
    let inside = Log(items: 4)
    let entries = Atomic(0)
    for _ in 0..<100 {
      pool.run { worker in
        let index = worker.index
        inside.enter(index)
        entries.wrappingAdd(1, ordering: .relaxed)
        worker.forEach(itemCount: 16) { _ in }
        inside.leave(index)
      }
    }
    // The caller is always inside, the others where they come in time.
    #expect(inside.failures == 0 && entries.load(ordering: .relaxed) >= 100 && inside.all(at: 0))
  }

  @Test func aPoolThatSleptRunsAgain() {
    let pool = ThreadPool(threadCount: 2)
    let total = Atomic(0)
    for _ in 0..<5 {
      sleepMilliseconds(2)
      pool.run { worker in
        worker.forEach(itemCount: 10) { _ in total.wrappingAdd(1, ordering: .relaxed) }
      }
    }
    #expect(total.load(ordering: .relaxed) == 50)
  }

  @Test(arguments: [1, 2, 4])
  func aRegionThatWasBegunIsDoneWhenItIsFinished(threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    let log = Log(items: 37)
    for region in 0..<100 {
      pool.begin { worker in
        worker.forEach(itemCount: 37) { item in log.advance(item, to: region + 1) }
      }
      if region % 10 == 0 { sleepMilliseconds(1) }
      pool.finish()
    }
    #expect(log.failures == 0 && log.all(at: 100))
  }

  @Test func aPoolMayEndBeforeItsRegionIsFinished() {
    let total = Atomic(0)
    do {
      let pool = ThreadPool(threadCount: 2)
      pool.begin { worker in
        worker.forEach(itemCount: 10) { _ in total.wrappingAdd(1, ordering: .relaxed) }
      }
    }
    #expect(total.load(ordering: .relaxed) <= 10)
  }

  @Test func aProcessorIsAvailable() {
    #expect((1...65_536).contains(availableProcessorCount()))
  }
}

/// Checks that each item goes from one step to the next, seeing all others at the step before.
private final class Log: @unchecked Sendable {
  private let values: UnsafeMutablePointer<Int>
  private let count: Int
  private let failed = Atomic(0)

  init(items: Int) {
    count = items
    values = .allocate(capacity: items)
    values.initialize(repeating: 0, count: items)
  }

  deinit { values.deallocate() }

  var failures: Int { failed.load(ordering: .relaxed) }

  /// Whether every item has come to a step.
  func all(at step: Int) -> Bool { (0..<count).allSatisfy { values[$0] == step } }

  func fail() { failed.wrappingAdd(1, ordering: .relaxed) }

  func advance(_ item: Int, to step: Int) {
    if values[item] != step - 1 { fail() }
    values[item] = step
  }

  func enter(_ index: Int) {
    if index >= count || values[index] != 0 { fail() } else { values[index] = 1 }
  }

  func leave(_ index: Int) {
    if index >= count || values[index] != 1 { fail() } else { values[index] = 0 }
  }
}
