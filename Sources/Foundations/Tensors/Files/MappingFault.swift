internal import CLibrary
internal import Synchronization

/// Turns the signal that reading a shortened, mapped file raises into an error message.
///
/// Off unless a program asks for it with ``endProcess(as:)``: signal handlers belong to programs, not
/// to libraries. What runs inside the handler uses calls that are safe there only, and memory that was
/// prepared before.
package enum MappingFault {
  /// A mapped file. Entries are never freed, so that the handler can walk them at any moment; those
  /// of closed files have no bytes and are used again.
  private struct Entry {
    var start: UInt
    var count: UInt
    var line: UnsafeMutablePointer<CChar>?
    var next: UnsafeMutablePointer<Entry>?
  }

  private nonisolated(unsafe) static var first: UnsafeMutablePointer<Entry>?
  private nonisolated(unsafe) static var tool: UnsafeMutablePointer<CChar>?
  static let changes = Lock(())

  /// Set by the first thread that meets the end of a file; others that do wait to be ended.
  private static let isEnding = Atomic(false)

  /// From now on, reading past the end that a mapped file has lost ends the process with exit code 1
  /// and one line, after temporary outputs have been removed.
  package static func endProcess(as name: String) {
    tool = strdup(name + ": ")
    // Made here: the handler must not be the first to touch it.
    isEnding.store(false, ordering: .relaxed)
    var action = sigaction()
    action.sa_flags = Int32(SA_SIGINFO)
    action.__sigaction_handler.sa_sigaction = { _, information, _ in
      let address = UInt(bitPattern: information?.pointee._sifields._sigfault.si_addr)
      var entry = MappingFault.first
      while let current = entry {
        if address &- current.pointee.start < current.pointee.count {
          while MappingFault.isEnding.exchange(true, ordering: .relaxed) { pause() }
          TemporaryFiles.removeAll()
          MappingFault.write(MappingFault.tool)
          MappingFault.write(current.pointee.line)
          _exit(1)
        }
        entry = current.pointee.next
      }
      // Not ours: raised again by the same instruction, with what happens without a handler.
      signal(SIGBUS, SIG_DFL)
    }
    sigaction(SIGBUS, &action, nil)
  }

  private static func write(_ text: UnsafeMutablePointer<CChar>?) {
    guard let text else { return }
    _ = CLibrary.write(STDERR_FILENO, text, strlen(text))
  }

  /// Announces a mapping.
  static func add(_ base: UnsafeRawPointer, count: Int, path: String) {
    let error = InputError(
      file: path, field: "file", expected: "to stay as it is while it is read (\(count) bytes)",
      found: "that it was shortened")
    changes.withLock { _ in
      var free = first
      while let entry = free, entry.pointee.count != 0 { free = entry.pointee.next }
      let entry = free ?? .allocate(capacity: 1)
      if free == nil {
        entry.initialize(to: Entry(start: 0, count: 0, line: nil, next: first))
        first = entry
      }
      entry.pointee.line = strdup("\(error)\n")
      entry.pointee.start = UInt(bitPattern: base)
      entry.pointee.count = UInt(count)
    }
  }

  /// Forgets a mapping.
  static func remove(_ base: UnsafeRawPointer) {
    changes.withLock { _ in
      var entry = first
      while let current = entry {
        if current.pointee.start == UInt(bitPattern: base), current.pointee.count != 0 {
          current.pointee.count = 0
          free(current.pointee.line)
          current.pointee.line = nil
          return
        }
        entry = current.pointee.next
      }
    }
  }
}
