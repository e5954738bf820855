import CLibrary

/// Says which seed was being tried when the process ends.
enum Faults {
  private nonisolated(unsafe) static var seed: UInt64 = 0
  private nonisolated(unsafe) static var prefix: UnsafeMutablePointer<CChar>?
  private static let longestRound: UInt32 = 10

  /// Catches the signals of traps, bad addresses and overlong rounds.
  static func report(as target: String) {
    prefix = strdup("vitfuzz: \(target): seed ")
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM] {
      signal(number) { number in
        Faults.writeSeed()
        Faults.write(number == SIGALRM ? ": took longer than 10 s\n" : ": ended by a signal\n")
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// A round begins.
  static func begin(seed: UInt64) {
    self.seed = seed
    alarm(longestRound)
  }

  /// The last round is over.
  static func end() { alarm(0) }

  /// Ends the process over a round that did not do what it must.
  static func fail(_ text: String) -> Never {
    print("\(prefix.map { String(cString: $0) } ?? "")\(seed): \(text)")
    exit(2)
  }

  /// Decimal digits without any memory, since this runs inside a signal handler.
  private static func writeSeed() {
    if let prefix { _ = CLibrary.write(STDERR_FILENO, prefix, strlen(prefix)) }
    var divisor: UInt64 = 10_000_000_000_000_000_000
    while divisor > 1, seed / divisor == 0 { divisor /= 10 }
    while divisor > 0 {
      var digit = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: seed / divisor % 10)
      _ = CLibrary.write(STDERR_FILENO, &digit, 1)
      divisor /= 10
    }
  }

  private static func write(_ text: StaticString) {
    _ = CLibrary.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
  }
}
