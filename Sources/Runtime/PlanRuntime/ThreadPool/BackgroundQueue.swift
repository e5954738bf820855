internal import CLibrary
internal import Tensors

/// Work that takes long or waits for locks, one piece after the other, on a thread that is not one of Swift's
/// concurrency: those are as many as there are processors, and what blocks one keeps other tasks waiting.
///
/// The thread begins with the first piece and ends when there is none left.
package final class BackgroundQueue: Sendable {
  private typealias Work = @Sendable () -> Void

  private struct State: Sendable {
    /// Still to be done, the next one last.
    var waiting: [Work] = []
    var hasThread = false
  }

  private let state = Lock(State())
  private let process = OwnProcess()

  package init() {}

  /// What `body` returns, when all that was asked for before is done.
  /// - Throws: what `body` throws, or `InputError` if the system has no thread for it, or in a child that was forked:
  ///   the thread that it would wait for is none of its own.
  package func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    guard process.isCurrent else {
      throw InputError(
        .invalidOption, file: "process", field: "session",
        expected: "one that this process has made",
        found: "one of the process that it was forked from")
    }
    return try await withCheckedThrowingContinuation { continuation in
      let isStarted = state.withLock { state in
        state.waiting.insert({ continuation.resume(with: Result { try body() }) }, at: 0)
        if !state.hasThread { state.hasThread = startThread() }
        if !state.hasThread { state.waiting.removeAll() }
        return state.hasThread
      }
      if !isStarted {
        continuation.resume(
          throwing: InputError(
            .outOfResources, file: "process", field: "threads", expected: "one more",
            found: "as many as the system allows"))
      }
    }
  }

  private func startThread() -> Bool {
    let queue = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { queue in
        if let queue { Unmanaged<BackgroundQueue>.fromOpaque(queue).takeRetainedValue().work() }
        return nil
      }, queue.toOpaque())
    guard status == 0 else {
      queue.release()
      return false
    }
    pthread_detach(thread)
    return true
  }

  private func work() {
    while true {
      let next = state.withLock { state -> Work? in
        let next = state.waiting.popLast()
        if next == nil { state.hasThread = false }
        return next
      }
      guard let next else { return }
      next()
    }
  }
}
