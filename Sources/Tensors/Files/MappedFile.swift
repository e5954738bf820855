internal import Glibc

/// A regular file's bytes, mapped read-only, or read into memory where mapping is refused.
///
/// Mapped bytes belong to the page cache: they are shared between processes and cost no copy. If
/// another program shortens the file while it is mapped, reading past its new end raises SIGBUS;
/// pass `mapping: false` where that can happen.
public final class MappedFile: Sendable {
  /// The path as the user named it.
  public let path: String

  /// Number of bytes.
  public let count: Int

  /// Device and inode, which tell whether two paths are one file.
  package let identity: FileIdentity

  // Written once in init and only read afterwards, so sharing it is safe.
  private nonisolated(unsafe) let base: UnsafeMutableRawPointer?
  private let isMapped: Bool

  /// Opens a regular file.
  /// - Throws: `InputError` when it does not exist, cannot be read or is no regular file.
  public init(path: String, mapping: Bool = true) throws {
    self.path = path
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw InputError.cannotOpen(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw InputError.cannotOpen(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw InputError.notRegular(path, mode: status.st_mode)
    }
    identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    count = Int(status.st_size)
    if count == 0 {
      (base, isMapped) = (nil, false)
    } else if mapping, let mapped = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
      mapped != MAP_FAILED
    {
      (base, isMapped) = (mapped, true)
    } else {
      base = try Self.read(descriptor, count: count, path: path)
      isMapped = false
    }
  }

  deinit {
    if isMapped, let base { munmap(base, count) } else { free(base) }
  }

  /// Calls `body` with all bytes. The pointer must not leave `body` unless the file is kept alive.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Tells the kernel that a range will not be needed again soon, so that it leaves this process's
  /// memory. Reading it later is still correct.
  package func release(_ range: Range<Int>) {
    let page = 4096
    let first = range.lowerBound / page * page
    guard isMapped, let base, range.upperBound > first, range.upperBound <= count else { return }
    madvise(base + first, range.upperBound - first, MADV_DONTNEED)
  }

  private static func read(_ descriptor: Int32, count: Int, path: String) throws
    -> UnsafeMutableRawPointer
  {
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 4096, count) == 0, let memory else {
      throw InputError(
        file: path, field: "size", expected: "to fit into memory", found: "\(count) bytes")
    }
    var offset = 0
    while offset < count {
      let got = pread(descriptor, memory + offset, count - offset, off_t(offset))
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else {
        free(memory)
        throw InputError(
          file: path, field: "size", expected: "\(count) bytes", found: "\(offset) bytes")
      }
      offset += got
    }
    return memory
  }
}

/// What makes two paths the same file.
package struct FileIdentity: Hashable, Sendable {
  package let device: UInt64
  package let inode: UInt64

  /// The identity of an existing file, following symbolic links.
  package init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}

extension InputError {
  static func cannotOpen(_ path: String, _ code: Int32) -> InputError {
    InputError(
      file: path, field: "file", expected: "a readable file", found: String(cString: strerror(code))
    )
  }

  static func notRegular(_ path: String, mode: mode_t) -> InputError {
    let kind =
      switch mode & S_IFMT {
      case S_IFDIR: "a folder"
      case S_IFIFO: "a FIFO"
      case S_IFSOCK: "a socket"
      default: "a device"
      }
    return InputError(file: path, field: "file", expected: "a regular file", found: kind)
  }
}
