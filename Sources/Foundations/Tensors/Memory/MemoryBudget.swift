internal import CLibrary

/// Memory that threads share: who needs more than is left waits for the others.
package final class MemoryBudget: @unchecked Sendable {
  // Both are touched under the lock only, or wait for it.
  private let left: Lock<Int>
  private let returned: UnsafeMutablePointer<pthread_cond_t>
  private let capacity: Int

  /// A budget of so many bytes.
  package init(bytes: Int) {
    capacity = bytes
    left = Lock(bytes)
    returned = .allocate(capacity: 1)
    returned.initialize(to: pthread_cond_t())
    pthread_cond_init(returned, nil)
  }

  deinit {
    pthread_cond_destroy(returned)
    returned.deallocate()
  }

  /// Takes bytes, when there are so many. Who needs more than there ever are gets all.
  package func take(_ bytes: Int) {
    left.wait(for: returned) { left in
      guard left >= min(bytes, capacity) else { return false }
      left -= min(bytes, capacity)
      return true
    }
  }

  /// Gives back what was taken.
  package func give(_ bytes: Int) {
    left.withLock { $0 += min(bytes, capacity) }
    pthread_cond_broadcast(returned)
  }
}
