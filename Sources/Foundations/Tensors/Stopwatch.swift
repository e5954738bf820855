internal import CLibrary

/// Time between two moments.
package struct Stopwatch {
  private var start = MonotonicClock.nanoseconds()

  /// Begins now.
  package init() {}

  /// Milliseconds since the last lap or the beginning.
  package mutating func lap() -> Double {
    let now = MonotonicClock.nanoseconds()
    defer { start = now }
    return Double(now - start) * 1e-6
  }
}

/// A clock that nobody sets.
package enum MonotonicClock {
  /// Nanoseconds since some moment in the past.
  package static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
