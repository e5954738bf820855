internal import Glibc
internal import Tensors

/// `-`, which is standard input or output where a file is named, or is refused.
package enum NamedFile {
  /// Throws if the argument called `name` is `-`: plans and checkpoints are mapped and appear whole or
  /// not at all, which streams do not.
  package static func check(_ path: String, _ name: String) throws {
    guard path == "-" else { return }
    throw InputError(
      file: "-", field: name, expected: "a file's name, or ./- for a file that is called -",
      found: "a stream, for which - stands")
  }

  /// Everything that standard input has.
  /// - Throws: `InputError` if it cannot be read or there are more than `limit` bytes.
  package static func standardInput(limit: Int) throws -> [UInt8] {
    func fail(_ expected: String, _ found: String) -> InputError {
      InputError(file: "standard input", field: "read", expected: expected, found: found)
    }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = block.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw fail("a file", String(cString: strerror(errno))) }
      if count == 0 { return bytes }
      bytes += block.prefix(count)
      guard bytes.count <= limit else { throw fail("at most \(limit) bytes", "more") }
    }
  }
}
