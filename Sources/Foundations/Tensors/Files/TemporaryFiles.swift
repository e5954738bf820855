internal import CLibrary

/// The names of temporary files, for whoever ends the process to remove.
package enum TemporaryFiles {
  /// A name. Entries are never freed, so that a signal handler can walk them at any moment; those that
  /// are not in use are used again.
  private struct Entry {
    var isInUse: Bool
    let name: UnsafeMutablePointer<CChar>
    let next: UnsafeMutablePointer<Entry>?
  }

  /// The longest path that the system takes, with its closing zero.
  private static let longestName = 4096

  private nonisolated(unsafe) static var first: UnsafeMutablePointer<Entry>?
  static let changes = Lock(())

  /// Announces a name; best before there is a file under it.
  static func add(_ path: String) {
    changes.withLock { _ in
      var entry = first
      while let current = entry, current.pointee.isInUse { entry = current.pointee.next }
      let free = entry ?? .allocate(capacity: 1)
      if entry == nil {
        let name = UnsafeMutablePointer<CChar>.allocate(capacity: longestName)
        free.initialize(to: Entry(isInUse: false, name: name, next: first))
        first = free
      }
      _ = FileSystem.withBytes(of: path) { bytes in
        guard strlen(bytes) < longestName else { return }
        strcpy(free.pointee.name, bytes)
        free.pointee.isInUse = true
      }
    }
  }

  /// Calls `body` with a name that nobody else uses, in the folder of an output, and removes what is there then.
  package static func withName<R>(
    beside output: String, _ body: (String) throws -> R
  ) throws -> R {
    let slash = output.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == output.startIndex ? "/" : String(output[..<$0]) } ?? "."
    let path = TemporaryName(folder: folder, output: output).fresh()
    add(path)
    defer {
      FileSystem.remove(path)
      forget(path)
    }
    return try body(path)
  }

  /// Forgets a name.
  static func forget(_ path: String) {
    changes.withLock { _ in
      _ = FileSystem.withBytes(of: path) { bytes in
        var entry = first
        while let current = entry {
          if current.pointee.isInUse, strcmp(current.pointee.name, bytes) == 0 {
            current.pointee.isInUse = false
          }
          entry = current.pointee.next
        }
      }
    }
  }

  /// Removes all of them; safe in a signal handler.
  package static func removeAll() {
    var entry = first
    while let current = entry {
      if current.pointee.isInUse { unlink(current.pointee.name) }
      entry = current.pointee.next
    }
  }
}
