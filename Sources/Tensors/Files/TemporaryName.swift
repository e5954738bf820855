internal import Glibc

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
    let name = output.utf8.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? []
    prefix = ".vit-" + String(XXH64.hash(name), radix: 16) + "-"
  }

  /// A name that nobody else uses.
  func fresh() -> String {
    "\(folder)/\(prefix)\(String(UInt64.random(in: 0 ... .max), radix: 16))\(Self.suffix)"
  }

  /// Removes what killed writers of this output left behind.
  func removeAbandoned() {
    guard let directory = opendir(folder) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasPrefix(prefix), name.hasSuffix(Self.suffix) else { continue }
      let path = "\(folder)/\(name)"
      let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
      close(file)
    }
  }
}
