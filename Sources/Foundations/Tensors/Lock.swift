internal import CLibrary

/// A value that one thread at a time may touch.
///
/// As `Synchronization.Mutex`, whose waiting ThreadSanitizer cannot see: it would take every value
/// behind a contended mutex for a race, and real races could not be told from those.
package struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  // Both stay where they are: pthread's mutexes must not move.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let value: UnsafeMutablePointer<Value>

  package init(_ initial: consuming Value) {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    value = .allocate(capacity: 1)
    value.initialize(to: initial)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Calls `body` with the value; other threads wait. `body` must not lock again.
  package func withLock<Result, Failure>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value.pointee)
  }

  /// Keeps other threads away until ``release()``, which the same thread must call: around a fork alone, see
  /// ``ForkSafety``.
  package func acquire() { pthread_mutex_lock(mutex) }

  /// Ends what ``acquire()`` began.
  package func release() { pthread_mutex_unlock(mutex) }

  /// Calls `attempt` with the value until it succeeds; between attempts it waits for a signal to
  /// `condition`, and other threads may lock.
  func wait(
    for condition: UnsafeMutablePointer<pthread_cond_t>, until attempt: (inout Value) -> Bool
  ) {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !attempt(&value.pointee) { pthread_cond_wait(condition, mutex) }
  }
}
