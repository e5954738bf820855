internal import CMemoryFile
internal import CLibrary

/// A regular file's bytes, mapped read-only, or read into memory where mapping is refused.
///
/// Mapped bytes belong to the page cache: they are shared between processes and cost no copy. If
/// another program shortens the file while it is mapped, reading past its new end raises SIGBUS,
/// which the commands report and a library's user must expect; pass `mapping: false` where that can
/// happen.
public final class MappedFile: Sendable {
  /// The path as the user named it.
  public let path: String

  /// Number of bytes.
  public let count: Int

  /// Device and inode, which tell whether two paths are one file.
  package let identity: FileIdentity

  /// Stays open, so that the same file is looked at again whatever its path then leads to.
  let descriptor: Int32

  // Written once in init and only read afterwards, so sharing it is safe.
  private nonisolated(unsafe) let base: UnsafeMutableRawPointer?
  private let isMapped: Bool
  private let stamp: FileStamp

  /// Opens a regular file.
  /// - Throws: `InputError` when it does not exist, cannot be read or is no regular file.
  public convenience init(path: String, mapping: Bool = true) throws {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    let descriptor = FileSystem.open(path, O_RDONLY | O_NONBLOCK)
    guard descriptor >= 0 else { throw InputError.cannotOpen(path, errno) }
    try self.init(owning: descriptor, path: path, mapping: mapping)
  }

  /// Takes over an open descriptor, which is closed even when this throws.
  /// - Throws: `InputError` when it cannot be read or is no regular file.
  package init(owning descriptor: Int32, path: String, mapping: Bool = true) throws {
    var entered: FileIdentity?
    do {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw InputError.cannotOpen(path, errno) }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw InputError.notRegular(path, mode: status.st_mode)
      }
      let identity = FileIdentity(status)
      FileRegister.shared.withLock { $0.addInput(identity, path: path) }
      entered = identity
      self.identity = identity
      stamp = FileStamp(status)
      count = Int(status.st_size)
      if count == 0 {
        (base, isMapped) = (nil, false)
      } else if mapping, let mapped = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0),
        mapped != MAP_FAILED
      {
        (base, isMapped) = (mapped, true)
        MappingFault.add(mapped, count: count, path: path)
      } else {
        base = try Self.read(descriptor, count: count, path: path)
        isMapped = false
      }
    } catch {
      if let entered { FileRegister.shared.withLock { $0.closeInput(entered) } }
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  /// A copy of bytes in memory, as a file that has no name and that nobody else can change.
  /// - Parameter name: what errors call it.
  /// - Throws: `InputError` when the system has no memory for it.
  package convenience init(copying bytes: UnsafeRawBufferPointer, name: String) throws {
    let descriptor = memfd_create("vitc", VIT_MFD_CLOEXEC)
    guard descriptor >= 0 else { throw InputError.cannotOpen(name, errno) }
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let written = write(descriptor, base + done, bytes.count - done)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else {
        let error = InputError.noMemory(name, bytes.count, errno)
        close(descriptor)
        throw error
      }
      done += written
    }
    try self.init(owning: descriptor, path: name)
  }

  deinit {
    if isMapped, let base {
      MappingFault.remove(base)
      munmap(base, count)
    } else {
      free(base)
    }
    // Closed after that: another file may have the identity then.
    FileRegister.shared.withLock { $0.closeInput(identity) }
    close(descriptor)
  }

  /// Calls `body` with all bytes. The pointer must not leave `body` unless the file is kept alive.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Tells the kernel that a range will not be needed again soon, so that it leaves this process's
  /// memory. Reading it later is still correct.
  package func release(_ range: Range<Int>) {
    let page = Int(getpagesize())
    let first = range.lowerBound / page * page
    guard isMapped, let base, range.upperBound > first, range.upperBound <= count else { return }
    madvise(base + first, range.upperBound - first, MADV_DONTNEED)
  }

  /// Asks for large pages, which spare a pass over the file most of its page faults and the
  /// processor most of its address translations. They come where the file is not in the page cache
  /// yet, or was written in pieces as large by ``OutputFile``, on file systems that have them.
  package func preferLargePages() {
    if isMapped, let base { madvise(base, count, MADV_HUGEPAGE) }
  }

  /// The checksum of all bytes; mapped ones do not stay in memory.
  package func checksum() -> UInt64 {
    let window = 1 << 20
    var state = XXH64()
    var offset = 0
    return withBytes { bytes in
      while bytes.count - offset > window {
        state.absorb(UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + window)]))
        release(offset..<(offset + window))
        offset += window
      }
      defer { release(offset..<bytes.count) }
      return state.finish(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
    }
  }

  /// Throws if the file was written to since it was opened.
  package func checkUnchanged() throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw InputError.cannotOpen(path, errno) }
    guard FileStamp(status) == stamp else {
      throw InputError(
        file: path, field: "file", expected: "to stay as it is while it is read (\(count) bytes)",
        found: "that it was written to (\(status.st_size) bytes)")
    }
  }

  private static func read(_ descriptor: Int32, count: Int, path: String) throws
    -> UnsafeMutableRawPointer
  {
    var memory: UnsafeMutableRawPointer?
    // Aligned as a mapped file is.
    let status = posix_memalign(&memory, 4096, count)
    guard status == 0, let memory else { throw InputError.noMemory(path, count, status) }
    var offset = 0
    while offset < count {
      let got = pread(descriptor, memory + offset, count - offset, off_t(offset))
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else {
        let reason = errno
        free(memory)
        if got < 0 { throw InputError.cannotOpen(path, reason) }
        throw InputError(
          file: path, field: "size", expected: "\(count) bytes", found: "\(offset) bytes")
      }
      offset += got
    }
    return memory
  }
}
