import Tensors
import Testing

@Suite struct MemoryTests {
  @Test func refusedMemoryIsAnError() {
    let error = #expect(throws: InputError.self) { try ByteBuffer(count: 1 << 60, for: "a.png") }
    #expect(error?.file == "a.png" && error?.expected == "\(1 << 60) bytes")
    #expect(throws: InputError.self) { try ByteBuffer.require(1 << 60, for: "a.png") }
  }

  @Test func bufferKeepsItsBytesWhenItGrowsOrCannot() throws {
    let buffer = try ByteBuffer(count: 3, for: "a")
    buffer.bytes.copyBytes(from: [1, 2, 3])
    #expect(throws: InputError.self) { try buffer.resize(to: 1 << 60, for: "a") }
    #expect(Array(buffer.bytes) == [1, 2, 3])
    try buffer.resize(to: 1 << 21, for: "a")
    #expect(buffer.count == 1 << 21 && Array(buffer.bytes.prefix(3)) == [1, 2, 3])
    try buffer.resize(to: 2, for: "a")
    #expect(Array(buffer.bytes) == [1, 2])
  }

  /// Tasks that each hold a share of a budget, one of them more than there is.
  @Test func budgetIsNeverOverdrawn() async {
    let budget = MemoryBudget(bytes: 100)
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<64 {
        group.addTask {
          let bytes = index == 7 ? 1000 : 10 + index
          budget.take(bytes)
          counter.add(min(bytes, 100))
          counter.add(-min(bytes, 100))
          budget.give(bytes)
        }
      }
    }
    #expect(counter.most <= 100 && counter.most > 0)
  }
}

/// Bytes that are held at once.
private final class Counter: Sendable {
  private let state = Lock((held: 0, most: 0))

  func add(_ bytes: Int) {
    state.withLock {
      $0.held += bytes
      $0.most = max($0.most, $0.held)
    }
  }

  var most: Int { state.withLock { $0.most } }
}
