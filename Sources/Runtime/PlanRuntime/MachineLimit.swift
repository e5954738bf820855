internal import KernelInterface
internal import Kernels
internal import Tensors

/// How fast this machine multiplies and adds when nothing waits for memory.
public enum MachineLimit {
  /// GFLOP/s of a loop of multiply-adds of the chosen kernels on all threads at once; the best of
  /// several short measurements.
  /// - Throws: `InputError` if `VITRUN_KERNELS` names kernels that are not available here.
  public static func measure(threadCount: Int?) throws -> (gigaflops: Double, threads: Int) {
    let kernels = try KernelSelection.best().set
    let pool = ThreadPool(threadCount: threadCount ?? availableProcessorCount())
    let rounds = 2_000_000
    let flops = Double(rounds) * 192 * 2 * Double(pool.threadCount)
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: pool.threadCount * 1024, alignment: 64)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: pool.threadCount * 1024)
    nonisolated(unsafe) let base = memory
    var best = Double.infinity
    for _ in 0..<8 {
      var clock = Stopwatch()
      pool.run { worker in
        worker.forEach(itemCount: pool.threadCount) { item in
          kernels.multiplyAddLoop(
            (base + item * 1024).assumingMemoryBound(to: Float.self), rounds: rounds)
        }
      }
      best = min(best, clock.lap() * 1e-3)
    }
    return (flops / best * 1e-9, pool.threadCount)
  }
}
