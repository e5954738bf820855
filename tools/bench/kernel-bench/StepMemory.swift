import KernelInterface

/// Memory of steps, filled with values of ordinary size; freed with its owner.
final class StepMemory {
  private var allocations: [UnsafeMutableRawPointer] = []

  deinit {
    for memory in allocations { memory.deallocate() }
  }

  /// Values between -0.5 and 0.5, 64-byte aligned, with room for a vector behind them.
  func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    let pointer = allocate((count + 64) * 4).bindMemory(to: Float.self, capacity: count + 64)
    for i in 0..<count + 64 { pointer[i] = Float((i &* 7919) & 1023) / 1024 - 0.5 }
    return pointer
  }

  /// Weights as an element stores them.
  func weights(_ count: Int, _ element: MatrixElement) -> UnsafeRawPointer {
    switch element {
    case .float32: return UnsafeRawPointer(floats(count))
    case .float16:
      let pointer = allocate((count + 64) * 2).bindMemory(to: UInt16.self, capacity: count + 64)
      // Between 1/8 and 1/4, of both signs.
      for i in 0..<count + 64 { pointer[i] = 0x3000 | UInt16(truncatingIfNeeded: i & 0x83FF) }
      return UnsafeRawPointer(pointer)
    case .int8:
      let pointer = allocate(count + 64).bindMemory(to: UInt8.self, capacity: count + 64)
      for i in 0..<count + 64 { pointer[i] = UInt8(truncatingIfNeeded: (i &* 7919) >> 4) | 1 }
      return UnsafeRawPointer(pointer)
    }
  }

  /// Room for bytes.
  func bytes(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    let pointer = allocate(count).bindMemory(to: UInt8.self, capacity: count)
    pointer.update(repeating: 0, count: count)
    return pointer
  }

  /// The numbers from 0 on.
  func positions(_ count: Int) -> UnsafeMutablePointer<Int32> {
    let pointer = allocate(count * 4).bindMemory(to: Int32.self, capacity: count)
    for i in 0..<count { pointer[i] = Int32(i) }
    return pointer
  }

  /// Scratch of a thread.
  func scratch(_ byteCount: Int) -> UnsafeMutableRawPointer { allocate(max(byteCount, 64)) }

  private func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    allocations.append(memory)
    return memory
  }
}
