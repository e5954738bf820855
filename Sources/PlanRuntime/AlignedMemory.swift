internal import Glibc
internal import Tensors

/// Zeroed memory, aligned to a page.
final class AlignedMemory: @unchecked Sendable {
  // Shared only under the session's lock.
  let base: UnsafeMutableRawPointer
  private let byteCount: Int

  /// Takes memory from the system, which hands out each page when it is first touched.
  init(byteCount: Int, plan: Plan) throws {
    self.byteCount = max(byteCount, 4096)
    let memory = mmap(
      nil, self.byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      throw InputError(
        file: plan.path, field: "memory", expected: "\(self.byteCount) bytes",
        found: String(cString: strerror(errno)))
    }
    base = memory
  }

  deinit { munmap(base, byteCount) }
}
