internal import CLibrary

/// The hidden names that an output has for a moment where it cannot do without one.
///
/// Whoever writes under such a name holds a lock on it, so what a killed process left behind can be
/// told from what is being written.
struct TemporaryName {
  let folder: String

  /// Depends on the output's name only, so that the next writer of it finds what was left.
  private let prefix: String

  private static let suffix = ".partial"

  init(folder: String, output: String) {
    self.folder = folder
    let name = PathText.bytes(of: PathText.lastName(of: output))
    prefix = ".vit-" + String(XXH64.hash(name), radix: 16) + "-"
  }

  /// A name that nobody else uses.
  func fresh() -> String {
    "\(folder)/\(prefix)\(String(UInt64.random(in: 0 ... .max), radix: 16))\(Self.suffix)"
  }

  /// Removes what killed writers of this output left behind.
  func removeAbandoned() {
    for name in (try? FileSystem.names(in: folder)) ?? []
    where name.hasPrefix(prefix) && name.hasSuffix(Self.suffix) {
      let path = "\(folder)/\(name)"
      let file = FileSystem.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { FileSystem.remove(path) }
      close(file)
    }
  }
}
