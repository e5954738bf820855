internal import CLibrary

/// A file that grows by whole lines, so that what a long work has done outlives its process.
///
/// A line that is appended with ``append(_:isSynced:)`` is on the disk before the next one is begun, unless the caller
/// waits for many at a time; if the process or the machine ends in the middle of one, the next reader does not see
/// it. One process at a time has the file.
package final class LineLog {
  /// The path as the user named it.
  package let path: String

  /// Bytes of the whole lines that were there.
  private let found: Int

  /// The most bytes of a line.
  private static let longestLine = 64 << 20

  private static let pieceBytes = 1 << 20

  private static let newline = UInt8(ascii: "\n")

  private let descriptor: Int32
  private let identity: FileIdentity

  /// Where the last whole line ends.
  private var end: Int

  /// Opens a file, or makes one.
  /// - Throws: `InputError` if it cannot be read and written, if it is an input or no regular file, or if another
  ///   process has it.
  package init(path: String) throws {
    let descriptor = FileSystem.open(path, O_RDWR | O_CREAT | O_NONBLOCK, mode: 0o666)
    guard descriptor >= 0 else { throw InputError.cannotWrite(path, errno) }
    do {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw InputError.cannotOpen(path, errno) }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw InputError.notRegular(path, mode: status.st_mode)
      }
      identity = FileIdentity(status)
      try FileRegister.shared.withLock { [identity] in try $0.addOutput(path, over: identity) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        throw InputError(
          file: path, field: "file", expected: "one that nobody else writes",
          found: "one that another process has open")
      }
      end = try Self.endOfLines(descriptor, count: Int(status.st_size), path: path)
      // The first line is written at once, so that without one it is somebody else's file.
      guard end > 0 || status.st_size == 0 else {
        throw InputError(
          file: path, field: "file",
          expected: "an empty file, or one that begins with a whole line",
          found: "\(status.st_size) bytes without the end of a line")
      }
      found = end
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Goes through the lines that were there, without their ends.
  /// - Throws: `InputError` if they cannot be read, or if one is longer than any that is written; what `body` throws.
  package func forEachLine(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
    var rest: [UInt8] = []
    var place = 0
    while place < found {
      let piece = try Self.read(
        descriptor, from: place, count: min(Self.pieceBytes, found - place), path: path)
      // Shortened by somebody else meanwhile.
      guard !piece.isEmpty else { return }
      place += piece.count
      rest += piece
      var start = 0
      while let newline = rest[start...].firstIndex(of: Self.newline) {
        try body(rest[start..<newline])
        start = newline + 1
      }
      rest.removeFirst(start)
      guard rest.count <= Self.longestLine else {
        throw InputError(
          file: path, field: "line", expected: "at most \(Self.longestLine) bytes", found: "more")
      }
    }
  }

  /// Puts a line behind those that are whole.
  /// - Parameter isSynced: whether it is on the disk on return; see ``sync()``.
  /// - Throws: `InputError` if it cannot be written.
  package func append(_ line: String, isSynced: Bool = true) throws {
    var bytes = Array(line.utf8)
    precondition(!bytes.contains(UInt8(ascii: "\n")), "one line")
    bytes.append(Self.newline)
    guard ftruncate(descriptor, off_t(end)) == 0 else { throw InputError.cannotWrite(path, errno) }
    var done = 0
    while done < bytes.count {
      let written = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(end + done))
      }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw InputError.cannotWrite(path, errno) }
      done += written
    }
    end += bytes.count
    if isSynced { try sync() }
  }

  /// Waits until all lines are on the disk.
  /// - Throws: `InputError` if they cannot be written.
  package func sync() throws {
    guard fsync(descriptor) == 0 else { throw InputError.cannotWrite(path, errno) }
  }

  /// Appends everything behind the first line to another file.
  /// - Throws: `InputError` if one cannot be read or the other not be written.
  package func copyBehindFirstLine(to output: inout OutputFile) throws {
    var place = 0
    var isBehind = false
    while place < end {
      let piece = try Self.read(
        descriptor, from: place, count: min(Self.pieceBytes, end - place), path: path)
      guard !piece.isEmpty else { return }
      place += piece.count
      if isBehind {
        try output.append(piece)
      } else if let newline = piece.firstIndex(of: Self.newline) {
        try output.append(Array(piece[(newline + 1)...]))
        isBehind = true
      }
    }
  }

  /// Removes the file, unless its path leads to another one by now.
  package func remove() {
    if FileIdentity(path: path) == identity { FileSystem.remove(path) }
  }

  /// Where the last whole line of a file ends.
  private static func endOfLines(_ descriptor: Int32, count: Int, path: String) throws -> Int {
    var end = count
    while end > 0 {
      let start = max(0, end - pieceBytes)
      let piece = try read(descriptor, from: start, count: end - start, path: path)
      if let last = piece.lastIndex(of: newline) { return start + last + 1 }
      end = start
    }
    return 0
  }

  private static func read(_ descriptor: Int32, from place: Int, count: Int, path: String) throws
    -> [UInt8]
  {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(place + done))
      }
      if read < 0 && errno == EINTR { continue }
      guard read >= 0 else { throw InputError.cannotOpen(path, errno) }
      if read == 0 { break }
      done += read
    }
    return Array(bytes.prefix(done))
  }
}
