internal import CLibrary

/// A file that appears whole or not at all.
///
/// Bytes go to a file without a name in the target's folder; ``commit()`` syncs it and gives it the
/// target's name in one step, replacing what was there and keeping its mode; where the name is a
/// symbolic link, what it leads to is replaced. A file that is open as an input is never replaced,
/// whatever names it has. Until the commit an existing file is untouched, and if the process ends for any reason nothing is left behind. Where the file system cannot make
/// files without names, a hidden temporary name is used and removed again on failure; if the process
/// is killed there, the next writer of the same output removes it.
///
/// Bytes are written in pieces of a large page: many file systems keep in one page what was written at
/// once, and whoever maps the file then maps it in large pages.
public struct OutputFile: ~Copyable {
  /// The target's path as the user named it.
  public let path: String

  /// Bytes appended so far.
  public private(set) var count = 0

  /// The last of them, which are not written yet.
  private let pending: ByteBuffer
  private var pendingCount = 0

  /// The size and the alignment of what is written at once.
  private static let pieceBytes = 2 << 20

  /// `O_TMPFILE`, a macro that Swift does not import.
  private static let unnamedFlag: Int32 = 0o20_000_000 | O_DIRECTORY

  private let descriptor: Int32
  private let folder: String
  private let target: String
  private let names: TemporaryName
  private let sources: [MappedFile]
  private let replaced: FileIdentity?
  private var temporary: String?
  private var isCommitted = false

  /// Prepares to write `path`.
  /// - Parameter sources: what the output is made of; committing is refused after one of these files
  ///   was changed.
  /// - Throws: `InputError` if the folder cannot be written, or if the target is an input, another
  ///   output or no regular file.
  public init(path: String, from sources: [MappedFile] = []) throws {
    let target = try Self.resolvingLinks(path)
    let existing = try Self.existing(target, named: path)
    let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    let names = TemporaryName(folder: folder, output: target)
    let pending = try ByteBuffer(count: Self.pieceBytes, for: path)
    let (descriptor, temporary) = try Self.create(
      in: folder, names, for: path, mode: existing.map { $0.st_mode & 0o777 })
    self.path = path
    self.pending = pending
    self.target = target
    self.folder = folder
    self.names = names
    self.sources = sources
    self.replaced = existing.map(FileIdentity.init)
    self.descriptor = descriptor
    self.temporary = temporary
  }

  /// Throws what ``init(path:from:)`` would, as far as it is known before a long work: nothing is opened, so that the
  /// output can be made later.
  /// - Parameter inputs: paths of inputs that are not open.
  package static func check(path: String, against inputs: [String] = []) throws {
    try check(paths: [path], against: inputs)
  }

  /// As ``check(path:against:)``, of many outputs beside many inputs.
  package static func check(paths: [String], against inputs: [String]) throws {
    let existing = try paths.compactMap { path in
      try checkAlone(path: path).map { (path: path, identity: $0) }
    }
    guard !existing.isEmpty else { return }
    var names: [FileIdentity: String] = [:]
    for input in inputs {
      if let identity = FileIdentity(path: input) { names[identity] = names[identity] ?? input }
    }
    for (path, identity) in existing {
      if let input = names[identity] { throw InputError.isInput(path, input) }
    }
  }

  /// - Returns: what the output would replace.
  private static func checkAlone(path: String) throws -> FileIdentity? {
    let target = try resolvingLinks(path)
    let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    guard !target.isEmpty, FileSystem.isFolder(folder) else {
      throw InputError.cannotWrite(path, ENOENT)
    }
    guard FileSystem.isWritable(folder) else { throw InputError.cannotWrite(path, EACCES) }
    guard let status = FileSystem.status(target) else { return nil }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw InputError.notRegular(path, mode: status.st_mode)
    }
    let identity = FileIdentity(status)
    try FileRegister.shared.withLock { try $0.check(path, over: identity) }
    return identity
  }

  /// Throws if two of these paths are one file.
  package static func checkDistinct(_ paths: [String]) throws {
    var known: [String: String] = [:]
    for path in paths {
      let target = try resolvingLinks(path)
      if let other = known.updateValue(path, forKey: target) {
        throw InputError.isOutput(path, other)
      }
    }
  }

  /// The file that is going to be replaced, if there is one and it may be.
  private static func existing(_ target: String, named path: String) throws -> stat? {
    guard !target.isEmpty else { throw InputError.cannotWrite(path, ENOENT) }
    guard let status = FileSystem.status(target) else { return nil }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw InputError.notRegular(path, mode: status.st_mode)
    }
    try FileRegister.shared.withLock { try $0.addOutput(path, over: FileIdentity(status)) }
    return status
  }

  /// An empty file in `folder`: without a name where the file system can, else with a hidden one.
  private static func create(
    in folder: String, _ names: TemporaryName, for path: String, mode: mode_t?
  ) throws -> (descriptor: Int32, temporary: String?) {
    let created = try create(in: folder, names, for: path, allowing: mode ?? 0o666)
    // Creating a file leaves out what the process's mask has.
    var status = stat()
    if let mode, fstat(created.descriptor, &status) != 0 || status.st_mode & 0o777 != mode,
      fchmod(created.descriptor, mode) != 0
    {
      let reason = errno
      close(created.descriptor)
      if let temporary = created.temporary {
        FileSystem.remove(temporary)
        TemporaryFiles.forget(temporary)
      }
      throw InputError.cannotWrite(path, reason)
    }
    return created
  }

  private static func create(
    in folder: String, _ names: TemporaryName, for path: String, allowing mode: mode_t
  ) throws -> (descriptor: Int32, temporary: String?) {
    // A file without a name gets one through /proc.
    if FileSystem.exists("/proc/self/fd") {
      let unnamed = FileSystem.open(folder, unnamedFlag | O_WRONLY, mode: mode)
      if unnamed >= 0 { return (unnamed, nil) }
    }
    names.removeAbandoned()
    let name = names.fresh()
    TemporaryFiles.add(name)
    let named = FileSystem.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
    guard named >= 0 else {
      let reason = errno
      TemporaryFiles.forget(name)
      throw InputError.cannotWrite(path, reason)
    }
    flock(named, LOCK_EX | LOCK_NB)
    return (named, name)
  }

  deinit {
    close(descriptor)
    guard let temporary else { return }
    if !isCommitted { FileSystem.remove(temporary) }
    TemporaryFiles.forget(temporary)
  }

  /// Appends bytes.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let room = Self.pieceBytes - pendingCount
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(room))
      rest = rest.dropFirst(room)
      if piece.count == Self.pieceBytes {
        try write(piece, at: count)
        count += piece.count
      } else {
        UnsafeMutableRawBufferPointer(rebasing: pending.bytes[pendingCount...])
          .copyMemory(from: piece)
        pendingCount += piece.count
        count += piece.count
        if pendingCount == Self.pieceBytes { try writePending() }
      }
    }
  }

  private mutating func writePending() throws {
    let bytes = UnsafeRawBufferPointer(rebasing: pending.bytes[..<pendingCount])
    try write(bytes, at: count - pendingCount)
    pendingCount = 0
  }

  /// Appends bytes.
  public mutating func append(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try append($0) }
  }

  /// Appends zeros up to the next multiple of `alignment`.
  public mutating func pad(to alignment: Int) throws {
    try pad(toOffset: count + (alignment - count % alignment) % alignment)
  }

  /// Appends zeros up to a byte offset.
  public mutating func pad(toOffset offset: Int) throws {
    let zeros = [UInt8](repeating: 0, count: min(4096, max(0, offset - count)))
    while count < offset { try append(Array(zeros.prefix(offset - count))) }
  }

  /// Overwrites bytes that have been appended before.
  public mutating func overwrite(_ bytes: [UInt8], at offset: Int) throws {
    try writePending()
    try bytes.withUnsafeBytes { try write($0, at: offset) }
  }

  /// Appends a range of another file, which does not stay in memory.
  public mutating func append(_ range: Range<Int>, of file: MappedFile) throws {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let piece = offset..<min(range.upperBound, offset + Self.pieceBytes - pendingCount)
      try file.withBytes { try append(UnsafeRawBufferPointer(rebasing: $0[piece])) }
      file.release(piece)
      offset = piece.upperBound
    }
  }

  /// Makes the file appear under its name, after its bytes are on the disk.
  /// - Throws: `InputError` if it cannot be written, if what it is made of has changed meanwhile, or
  ///   if the name has become that of an input or of another output.
  public consuming func commit() throws {
    try writePending()
    guard fsync(descriptor) == 0 else { throw InputError.cannotWrite(path, errno) }
    for source in sources { try source.checkUnchanged() }
    if let existing = FileIdentity(path: target) {
      try FileRegister.shared.withLock {
        try $0.check(path, over: existing, announced: replaced)
      }
    }
    // Between taking a temporary name and the final one nothing may end this process.
    var everything = sigset_t()
    var previous = sigset_t()
    sigfillset(&everything)
    pthread_sigmask(SIG_SETMASK, &everything, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    try takeName()
    isCommitted = true
    var status = stat()
    if fstat(descriptor, &status) == 0 {
      let whole = FileIdentity(status)
      FileRegister.shared.withLock { $0.finishOutput(path, as: whole, over: replaced) }
    }
    let directory = FileSystem.open(folder, O_RDONLY | O_DIRECTORY)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  private mutating func takeName() throws {
    if temporary == nil {
      // A name that is free can be taken in one step; only replacing needs two.
      if FileSystem.link(descriptor, as: target) { return }
      guard errno == EEXIST else { throw InputError.cannotWrite(path, errno) }
      names.removeAbandoned()
      flock(descriptor, LOCK_EX | LOCK_NB)
      let name = names.fresh()
      TemporaryFiles.add(name)
      guard FileSystem.link(descriptor, as: name) else {
        let reason = errno
        TemporaryFiles.forget(name)
        throw InputError.cannotWrite(path, reason)
      }
      temporary = name
    }
    guard let temporary, FileSystem.rename(temporary, to: target) else {
      throw InputError.cannotWrite(path, errno)
    }
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
    if let resolved = FileSystem.resolved(path) { return resolved }
    if FileSystem.isLink(path) { throw InputError.danglingLink(path) }
    return path
  }
}
