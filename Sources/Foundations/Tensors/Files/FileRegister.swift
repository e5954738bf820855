internal import CLibrary

/// Which files are inputs and which are outputs, so that no output replaces an input or another output,
/// whatever names they are given.
///
/// ``MappedFile`` enters what it opens and ``OutputFile`` asks; nobody has to hand lists of files around.
/// A file is an input as long as it is open. A program that does one thing and ends goes on to remember it,
/// see ``rememberClosedFiles()``; elsewhere that would refuse what a library's user may well want, to
/// replace a file that was read before, and would take a new file for an old one that had its number.
package struct FileRegister {
  /// The register of this process.
  static let shared = Lock(FileRegister())

  /// The most files that are remembered, in some 12 MB beside their names. Beyond it, existing files are not replaced any
  /// more, since any may be an input.
  package static let usualCapacity = 196_608

  private enum Role {
    case input(openings: Int)
    case output
  }

  private struct Entry {
    let path: String
    var role: Role
  }

  private var entries: [FileIdentity: Entry] = [:]
  private var remembersClosedFiles: Bool
  private let capacity: Int
  private var isFull = false

  package init(rememberingClosedFiles: Bool = false, capacity: Int = usualCapacity) {
    remembersClosedFiles = rememberingClosedFiles
    self.capacity = capacity
  }

  /// From now on, inputs and outputs of this process stay what they are after they are closed.
  package static func rememberClosedFiles() {
    shared.withLock { $0.remembersClosedFiles = true }
  }

  /// Enters what is read without ``MappedFile``: an open file, if it is a regular one.
  package static func addInput(_ descriptor: Int32, path: String) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    shared.withLock { $0.addInput(FileIdentity(status), path: path) }
  }

  /// An input was opened. What was an output is an input from now on.
  package mutating func addInput(_ file: FileIdentity, path: String) {
    guard let entry = entries[file] else {
      return add(Entry(path: path, role: .input(openings: 1)), for: file)
    }
    entries[file] =
      switch entry.role {
      case .input(let openings): Entry(path: entry.path, role: .input(openings: openings + 1))
      case .output: Entry(path: path, role: .input(openings: 1))
      }
  }

  /// An input is closed.
  package mutating func closeInput(_ file: FileIdentity) {
    guard !remembersClosedFiles, let entry = entries[file], case .input(let openings) = entry.role
    else { return }
    entries[file] =
      openings > 1 ? Entry(path: entry.path, role: .input(openings: openings - 1)) : nil
  }

  /// Announces an output.
  /// - Parameter existing: the file that it replaces.
  package mutating func addOutput(_ path: String, over existing: FileIdentity) throws {
    try check(path, over: existing)
    if remembersClosedFiles { add(Entry(path: path, role: .output), for: existing) }
  }

  /// An output is whole; `replaced` is what ``addOutput(_:over:)`` was told, which is no file any more.
  package mutating func finishOutput(
    _ path: String, as file: FileIdentity, over replaced: FileIdentity?
  ) {
    guard remembersClosedFiles else { return }
    if let replaced, case .output? = entries[replaced]?.role { entries[replaced] = nil }
    add(Entry(path: path, role: .output), for: file)
  }

  /// Throws if an output would replace an input or another output.
  /// - Parameter announced: what ``addOutput(_:over:)`` was told.
  package func check(
    _ path: String, over existing: FileIdentity, announced: FileIdentity? = nil
  ) throws {
    switch entries[existing] {
    case .some(let entry):
      if case .input = entry.role { throw InputError.isInput(path, entry.path) }
      if existing != announced { throw InputError.isOutput(path, entry.path) }
    case nil: if isFull { throw InputError.mayBeInput(path, inputs: capacity) }
    }
  }

  private mutating func add(_ entry: Entry, for file: FileIdentity) {
    // Files that are open are bounded by the process's descriptors.
    guard !remembersClosedFiles || entries.count < capacity else {
      isFull = true
      return
    }
    entries[file] = entry
  }
}
