internal import CLibrary

/// A thread of the operating system.
enum SystemThread {
  /// Starts a thread that runs `body`, and must be joined; nil if the system refuses.
  static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    // What ends the process is left to the thread that began it, which knows when it may end.
    var ending = sigset_t()
    var previous = sigset_t()
    sigemptyset(&ending)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&ending, number) }
    pthread_sigmask(SIG_BLOCK, &ending, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    let start = Unmanaged.passRetained(Start(body: body))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, start.toOpaque())
    guard status == 0 else {
      start.release()
      return nil
    }
    return thread
  }

  /// What a new thread is given.
  private final class Start: Sendable {
    let body: @Sendable () -> Void

    init(body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
