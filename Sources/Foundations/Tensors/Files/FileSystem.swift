package import CLibrary

/// The system calls that take a path. Everything that opens or looks at a file by its name does so here,
/// so that names are the same bytes everywhere; see ``PathText``.
///
/// As the calls themselves, these leave the reason of a failure in `errno`.
package enum FileSystem {
  /// Opens a file; negative on failure.
  package static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) -> Int32 {
    withBytes(of: path) { CLibrary.open($0, flags | O_CLOEXEC, mode) } ?? -1
  }

  /// What a path leads to, following links.
  package static func status(_ path: String) -> stat? {
    var status = stat()
    return withBytes(of: path) { stat($0, &status) } == 0 ? status : nil
  }

  /// The size of what a path leads to, and when it was last changed; nil if there is nothing.
  package static func version(of path: String) -> (bytes: Int64, nanoseconds: Int64)? {
    status(path).map {
      (Int64($0.st_size), Int64($0.st_mtim.tv_sec) * 1_000_000_000 + Int64($0.st_mtim.tv_nsec))
    }
  }

  /// Whether there is something under that name.
  package static func exists(_ path: String) -> Bool {
    withBytes(of: path) { access($0, F_OK) } == 0
  }

  /// Whether the path leads to a folder.
  package static func isFolder(_ path: String) -> Bool {
    status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
  }

  /// The names in a folder, in no order, with `.` and `..`.
  package static func names(in folder: String) throws -> [String] {
    func unreadable(_ code: Int32) -> InputError {
      InputError(
        .unreadableFile, file: folder, field: "folder", expected: "to be readable",
        found: String(cString: strerror(code)))
    }
    guard let directory = withBytes(of: folder, { opendir($0) }) ?? nil else {
      throw unreadable(errno)
    }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
      // The end and an error look the same but for this.
      errno = 0
      guard let entry = readdir(directory) else {
        guard errno == 0 else { throw unreadable(errno) }
        return names
      }
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { PathText.text(of: $0.prefix { $0 != 0 }) })
    }
  }

  /// Whether the name itself is a symbolic link.
  package static func isLink(_ path: String) -> Bool {
    var status = stat()
    return withBytes(of: path) { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// The path without links, `.` and `..`.
  static func resolved(_ path: String) -> String? {
    guard let resolved = withBytes(of: path, { realpath($0, nil) }) ?? nil else { return nil }
    defer { free(resolved) }
    return PathText.text(of: UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)))
  }

  /// Makes a folder.
  /// - Throws: `InputError` if there is something of that name, or it cannot be made there.
  package static func makeFolder(_ path: String) throws {
    guard withBytes(of: path, { mkdir($0, 0o777) }) != 0 else { return }
    throw InputError.cannotWrite(path, errno)
  }

  /// Removes a name.
  @discardableResult
  package static func remove(_ path: String) -> Bool { withBytes(of: path) { unlink($0) } == 0 }

  /// Whether files can be made in a folder, as far as its permissions say.
  static func isWritable(_ folder: String) -> Bool {
    withBytes(of: folder) { access($0, W_OK) } == 0
  }

  /// Gives a file another name, in the place of what has it.
  static func rename(_ path: String, to target: String) -> Bool {
    withBytes(of: path) { path in withBytes(of: target) { CLibrary.rename(path, $0) } } == 0
  }

  /// Gives an open file a name that is free.
  static func link(_ descriptor: Int32, as name: String) -> Bool {
    withBytes(of: name) {
      linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, $0, AT_SYMLINK_FOLLOW)
    } == 0
  }

  /// Calls `body` with the path's bytes; no file has a name that holds a zero.
  static func withBytes<R>(of path: String, _ body: (UnsafePointer<CChar>) -> R) -> R? {
    let bytes = PathText.bytes(of: path)
    guard !bytes.contains(0) else {
      errno = ENOENT
      return nil
    }
    return (bytes + [0]).withUnsafeBytes { buffer in
      buffer.assumingMemoryBound(to: CChar.self).baseAddress.map(body)
    }
  }
}
