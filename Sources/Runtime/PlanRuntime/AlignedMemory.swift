internal import CLibrary
internal import Tensors

/// Zeroed memory, aligned to 64 bytes, that ends where memory begins that nobody may touch: a kernel
/// that ran past its end would stop the process and not go on with foreign bytes.
final class AlignedMemory: @unchecked Sendable {
  // Shared only under the session's lock.
  let base: UnsafeMutableRawPointer
  private let region: UnsafeMutableRawPointer
  private let regionBytes: Int

  /// Takes memory from the system, which hands out each page when it is first touched.
  init(byteCount: Int, plan: Plan) throws {
    let page = Int(getpagesize())
    let used = (max(byteCount, 64) + 63) / 64 * 64
    let writable = (used + page - 1) / page * page
    regionBytes = writable + 2 * page
    let memory = mmap(
      nil, regionBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let memory, memory != MAP_FAILED else { throw Self.refused(byteCount, plan) }
    guard mprotect(memory + page, writable, PROT_READ | PROT_WRITE) == 0 else {
      let error = Self.refused(byteCount, plan)
      munmap(memory, regionBytes)
      throw error
    }
    region = memory
    base = memory + page + writable - used
  }

  private static func refused(_ byteCount: Int, _ plan: Plan) -> InputError {
    InputError.noMemory(plan.path, byteCount, errno)
  }

  deinit { munmap(region, regionBytes) }
}
