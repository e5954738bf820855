import Tensors
import Testing

@Suite struct LockTests {
  private final class Counter: Sendable { let count = Lock(0) }

  @Test func oneTaskAtATimeTouchesTheValue() async {
    let counter = Counter()
    await withTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<10_000 { counter.count.withLock { $0 += 1 } }
        }
      }
    }
    #expect(counter.count.withLock { $0 } == 80_000)
  }

  @Test func isFreeAgainAfterAnError() {
    struct Failed: Error {}
    let lock = Lock([1])
    #expect(throws: Failed.self) {
      try lock.withLock { value in
        value.append(2)
        throw Failed()
      }
    }
    #expect(lock.withLock { $0 } == [1, 2])
  }
}
