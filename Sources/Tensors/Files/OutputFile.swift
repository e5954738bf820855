internal import Glibc

/// A file that appears whole or not at all.
///
/// Bytes go to a file without a name in the target's folder; ``commit()`` syncs it and gives it the
/// target's name in one step, replacing what was there. Until then an existing file is untouched,
/// and if the process ends for any reason nothing is left behind. Where the file system cannot make
/// files without names, a hidden temporary name is used and removed again on failure; if the process
/// is killed there, the next writer of the same output removes it.
public struct OutputFile: ~Copyable {
  /// The target's path as the user named it.
  public let path: String

  /// Bytes appended so far.
  public private(set) var count = 0

  /// `O_TMPFILE`, a macro that Swift does not import.
  private static let unnamedFlag: Int32 = 0o20_000_000 | O_DIRECTORY

  private let descriptor: Int32
  private let folder: String
  private let target: String
  private let names: TemporaryName
  private let inputs: [MappedFile]
  private var temporary: String?
  private var isCommitted = false

  /// Prepares to write `path`.
  /// - Parameter inputs: files that are being read; writing over one of them is refused, and so is
  ///   committing after one of them was changed.
  /// - Throws: `InputError` if the folder cannot be written or the target is an input or no
  ///   regular file.
  public init(path: String, notOver inputs: [MappedFile] = []) throws {
    let target = try Self.resolvingLinks(path)
    try Self.checkTarget(target, named: path, notOver: inputs)
    let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    let names = TemporaryName(folder: folder, output: target)
    let (descriptor, temporary) = try Self.create(in: folder, names, for: path)
    self.path = path
    self.target = target
    self.folder = folder
    self.names = names
    self.inputs = inputs
    self.descriptor = descriptor
    self.temporary = temporary
  }

  private static func checkTarget(
    _ target: String, named path: String, notOver inputs: [MappedFile]
  ) throws {
    guard !target.isEmpty else { throw InputError.cannotWrite(path, ENOENT) }
    var status = stat()
    guard let existing = FileIdentity(path: target), stat(target, &status) == 0 else { return }
    guard !inputs.contains(where: { $0.identity == existing }) else {
      throw InputError.isInput(path)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw InputError.notRegular(path, mode: status.st_mode)
    }
  }

  /// An empty file in `folder`: without a name where the file system can, else with a hidden one.
  private static func create(in folder: String, _ names: TemporaryName, for path: String) throws
    -> (descriptor: Int32, temporary: String?)
  {
    // A file without a name gets one through /proc.
    if access("/proc/self/fd", F_OK) == 0 {
      let unnamed = open(folder, unnamedFlag | O_WRONLY | O_CLOEXEC, 0o666)
      if unnamed >= 0 { return (unnamed, nil) }
    }
    names.removeAbandoned()
    let name = names.fresh()
    let named = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard named >= 0 else { throw InputError.cannotWrite(path, errno) }
    flock(named, LOCK_EX | LOCK_NB)
    MappingFault.setTemporary(name)
    return (named, name)
  }

  deinit {
    close(descriptor)
    guard let temporary else { return }
    if !isCommitted { unlink(temporary) }
    MappingFault.setTemporary(nil)
  }

  /// Appends bytes.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
    try write(bytes, at: count)
    count += bytes.count
  }

  /// Appends bytes.
  public mutating func append(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try append($0) }
  }

  /// Appends zeros up to the next multiple of `alignment`.
  public mutating func pad(to alignment: Int) throws {
    let missing = (alignment - count % alignment) % alignment
    try append([UInt8](repeating: 0, count: missing))
  }

  /// Appends zeros up to a byte offset.
  public mutating func pad(toOffset offset: Int) throws {
    try append([UInt8](repeating: 0, count: max(0, offset - count)))
  }

  /// Overwrites bytes that have been appended before.
  public func overwrite(_ bytes: [UInt8], at offset: Int) throws {
    try bytes.withUnsafeBytes { try write($0, at: offset) }
  }

  /// Appends a range of another file, inside the kernel where it can.
  public mutating func append(_ range: Range<Int>, of file: MappedFile) throws {
    var offset = range.lowerBound
    while offset < range.upperBound {
      var from = off_t(offset)
      // sendfile writes at the descriptor's position; everything else here names its offset.
      guard lseek(descriptor, off_t(count), SEEK_SET) == count else { break }
      let copied = sendfile(descriptor, file.descriptor, &from, range.upperBound - offset)
      guard copied > 0 else { break }
      offset += copied
      count += copied
    }
    guard offset < range.upperBound else { return }
    let rest = offset..<range.upperBound
    try file.withBytes { try append(UnsafeRawBufferPointer(rebasing: $0[rest])) }
  }

  /// Makes the file appear under its name, after its bytes are on the disk.
  /// - Throws: `InputError` if it cannot be written, or if an input has changed meanwhile.
  public consuming func commit() throws {
    guard fsync(descriptor) == 0 else { throw InputError.cannotWrite(path, errno) }
    for input in inputs { try input.checkUnchanged() }
    // Between taking a temporary name and the final one nothing may end this process.
    var everything = sigset_t()
    var previous = sigset_t()
    sigfillset(&everything)
    pthread_sigmask(SIG_SETMASK, &everything, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    try takeName()
    isCommitted = true
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  private mutating func takeName() throws {
    if temporary == nil {
      // A name that is free can be taken in one step; only replacing needs two.
      if link(as: target) { return }
      guard errno == EEXIST else { throw InputError.cannotWrite(path, errno) }
      names.removeAbandoned()
      flock(descriptor, LOCK_EX | LOCK_NB)
      let name = names.fresh()
      guard link(as: name) else { throw InputError.cannotWrite(path, errno) }
      temporary = name
    }
    guard let temporary, rename(temporary, target) == 0 else {
      throw InputError.cannotWrite(path, errno)
    }
  }

  private func link(as name: String) -> Bool {
    linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at start: Int) throws {
    var done = 0
    while done < bytes.count, let base = bytes.baseAddress {
      let written = pwrite(descriptor, base + done, bytes.count - done, off_t(start + done))
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw InputError.cannotWrite(path, errno) }
      done += written
    }
  }

  /// The path that a symbolic link stands for, so that the link itself stays a link.
  private static func resolvingLinks(_ path: String) throws -> String {
    guard let resolved = realpath(path, nil) else {
      var status = stat()
      if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
        throw InputError.danglingLink(path)
      }
      return path
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
