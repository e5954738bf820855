import Testing

/// What finds a kernel that writes beside its memory.
struct GuardTests {
  @Test(arguments: [-64, -1, 5, 6, 60])
  func writingBesideABufferIsAnIssue(element: Int) {
    let buffer = Buffer<Float>(repeating: 0, count: 5)
    withKnownIssue {
      runItems(1) { _, _ in buffer.pointer[element] = 1 }
    }
    #expect(buffer.array == [0, 0, 0, 0, 0])
  }

  @Test(arguments: [-1, 4])
  func writingBesideScratchIsAnIssue(element: Int) {
    withKnownIssue {
      runItems(1, scratchBytes: 16) { _, scratch in
        scratch.assumingMemoryBound(to: Float.self)[element] = 1
      }
    }
  }

  @Test func writingABufferIsNone() {
    let buffer = Buffer<UInt8>(repeating: 0, count: 3)
    let empty = Buffer<Float>([])
    runItems(3, scratchBytes: 12) { item, scratch in
      buffer.pointer[item] = 1
      scratch.assumingMemoryBound(to: Float.self)[item] = 1
    }
    #expect(buffer.array == [1, 1, 1] && empty.array.isEmpty)
  }

  /// A sum over it cannot go unnoticed.
  @Test func whatLiesBesideIsNotANumber() {
    let (single, half) = (Buffer<Float>([1]), Buffer<Float16>([1]))
    for side in [-1, 1] {
      #expect(single.pointer[side].isNaN && half.pointer[side].isNaN)
    }
  }
}
