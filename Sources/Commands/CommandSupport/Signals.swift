internal import CLibrary
internal import Tensors

/// What a command does about signals: none ends it by itself.
enum Signals {
  /// Turns what the system signals into results of calls, and requests to end into exit codes.
  static func prepare() {
    // A reader that has gone and a limit on the size of files are errors of the call that meets them.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP] { end(on: number) }
  }

  /// Ends with 128 and the signal's number, as shells count, and without temporary files.
  private static func end(on number: Int32) {
    var previous = sigaction()
    sigaction(number, nil, &previous)
    // Who starts a command in the background, or with nohup, wants it not to be interrupted.
    if isIgnored(previous) { return }
    signal(number) { number in
      TemporaryFiles.removeAll()
      _exit(128 + number)
    }
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
      == unsafeBitCast(SIG_IGN, to: UInt.self)
  }
}
