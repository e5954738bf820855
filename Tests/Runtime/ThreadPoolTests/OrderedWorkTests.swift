import Synchronization
import Testing

import PlanRuntime

@Suite struct OrderedWorkTests {
  @Test(arguments: [(0, 1), (0, 4), (1, 3), (7, 1), (100, 2), (1000, 5)])
  func everythingIsToldInOrder(items: Int, workers: Int) throws {
    var told: [Int] = []
    try OrderedWork.run(items: items, workers: workers, ahead: 2 * workers) { _, item in
      // The first of each ten is slow, so that others are done before it.
      if item % 10 == 0 { sleepMilliseconds(1) }
      return item * item
    } tell: { item, value in
      #expect(value == item * item)
      told.append(item)
    }
    #expect(told == Array(0..<items))
  }

  @Test func nobodyGetsFurtherAheadThanAllowed() throws {
    let told = Atomic<Int>(0)
    try OrderedWork.run(items: 200, workers: 4, ahead: 6) { _, item in
      // What was told can only have grown since the item was taken.
      #expect(item < told.load(ordering: .sequentiallyConsistent) + 6 + 1)
      return item
    } tell: { item, _ in
      if item % 50 == 0 { sleepMilliseconds(5) }
      told.store(item + 1, ordering: .sequentiallyConsistent)
    }
  }

  @Test func severalThreadsWork() throws {
    let waiting = Atomic<Int>(0)
    try OrderedWork.run(items: 2, workers: 2, ahead: 2) { _, _ in
      // Each waits for the other, which one thread alone could not.
      waiting.add(1, ordering: .sequentiallyConsistent)
      for _ in 0..<5000 where waiting.load(ordering: .sequentiallyConsistent) < 2 {
        sleepMilliseconds(1)
      }
      return waiting.load(ordering: .sequentiallyConsistent)
    } tell: { _, found in
      #expect(found == 2)
    }
  }

  @Test(arguments: [1, 3]) func anErrorEndsTheWork(workers: Int) {
    struct Ending: Error {}
    let taken = Atomic<Int>(0)
    #expect(throws: Ending.self) {
      try OrderedWork.run(items: 10_000, workers: workers, ahead: 8) { _, item in
        taken.add(1, ordering: .relaxed)
        return item
      } tell: { item, _ in
        if item == 20 { throw Ending() }
      }
    }
    #expect(taken.load(ordering: .relaxed) <= 20 + 1 + 8)
  }
}
