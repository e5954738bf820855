internal import Glibc

/// A file that grows by whole lines, so that what a long work has done outlives its process.
///
/// Each line is on the disk before the next one is begun; if the process or the machine ends in the middle of
/// one, the next reader does not see it. One process at a time has the file.
package final class LineLog {
  /// The path as the user named it.
  package let path: String

  /// The whole lines that were there.
  private let bytes: [UInt8]

  /// The most bytes that are read.
  private static let mostBytes = 256 << 20

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
      var bytes = try Self.read(descriptor, count: Int(status.st_size), path: path)
      end = bytes.lastIndex(of: Self.newline).map { $0 + 1 } ?? 0
      // The first line is written at once, so that without one it is somebody else's file.
      guard end > 0 || bytes.isEmpty else {
        throw InputError(
          file: path, field: "file",
          expected: "an empty file, or one that begins with a whole line",
          found: "\(bytes.count) bytes without the end of a line")
      }
      bytes.removeLast(bytes.count - end)
      self.bytes = bytes
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Goes through the lines that were there, without their ends.
  package func forEachLine(_ body: (ArraySlice<UInt8>) throws -> Void) rethrows {
    var start = 0
    while let newline = bytes[start...].firstIndex(of: Self.newline) {
      try body(bytes[start..<newline])
      start = newline + 1
    }
  }

  /// Puts a line behind those that are whole.
  /// - Throws: `InputError` if it cannot be written.
  package func append(_ line: String) throws {
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
    guard fsync(descriptor) == 0 else { throw InputError.cannotWrite(path, errno) }
    end += bytes.count
  }

  /// Removes the file, unless its path leads to another one by now.
  package func remove() {
    if FileIdentity(path: path) == identity { FileSystem.remove(path) }
  }

  private static func read(_ descriptor: Int32, count: Int, path: String) throws -> [UInt8] {
    guard count <= mostBytes else {
      throw InputError(
        file: path, field: "file", expected: "at most \(mostBytes) bytes", found: "\(count)")
    }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let read = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(done))
      }
      if read < 0 && errno == EINTR { continue }
      guard read >= 0 else { throw InputError.cannotOpen(path, errno) }
      if read == 0 { break }
      done += read
    }
    return Array(bytes.prefix(done))
  }
}
