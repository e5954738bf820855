internal import CLibrary
internal import Synchronization

/// Lets a process that uses the library fork while other threads are inside it.
///
/// A fork copies one thread and every lock as it is: one that another thread holds would never be free in the
/// child. The thread that forks therefore holds every lock of the whole process itself while it does. Locks of one
/// object are not among them: what has threads of its own, as a session has, refuses to run in the child.
package enum ForkSafety {
  /// Locks of callers, which take no other lock while they hold one.
  private nonisolated(unsafe) static var lockOthers: @Sendable () -> Void = {}
  private nonisolated(unsafe) static var unlockOthers: @Sendable () -> Void = {}

  /// Forks that have led to this process, as far as they are seen: a child in a namespace of its own can have its
  /// parent's number.
  fileprivate static let forks = Atomic<Int>(0)

  /// From now on forks are safe for the locks of this module and for those that `lock` takes and `unlock` gives
  /// back. To be called once, before there are other threads inside.
  package static func begin(
    lock: @escaping @Sendable () -> Void, unlock: @escaping @Sendable () -> Void
  ) {
    (lockOthers, unlockOthers) = (lock, unlock)
    // Makes all of them now: a fork that made one while another thread does would wait for ever.
    acquire()
    release()
    _ = forks.load(ordering: .relaxed)
    pthread_atfork(
      { ForkSafety.acquire() }, { ForkSafety.release() },
      {
        ForkSafety.forks.add(1, ordering: .relaxed)
        ForkSafety.release()
      })
  }

  private static func acquire() {
    lockOthers()
    FileRegister.shared.acquire()
    MappingFault.changes.acquire()
    TemporaryFiles.changes.acquire()
  }

  private static func release() {
    TemporaryFiles.changes.release()
    MappingFault.changes.release()
    FileRegister.shared.release()
    unlockOthers()
  }
}

/// The process in which something was made that cannot go on in a child of it.
package struct OwnProcess: Sendable {
  private let process = getpid()
  private let forks = ForkSafety.forks.load(ordering: .relaxed)

  /// This one.
  package init() {}

  /// Whether it is still this one: false in a child that was forked.
  package var isCurrent: Bool {
    getpid() == process && ForkSafety.forks.load(ordering: .relaxed) == forks
  }
}
