internal import Glibc
internal import Tensors

/// Standard input as one array.
enum StandardInput {
  /// The most that is read.
  private static let limit = 256 << 20

  /// Everything up to the end.
  static func read() throws -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = block.withUnsafeMutableBytes {
        Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw InputError(
          file: "standard input", field: "read", expected: "a picture",
          found: String(cString: strerror(errno)))
      }
      if count == 0 { return bytes }
      bytes += block.prefix(count)
      guard bytes.count <= limit else {
        throw InputError(
          file: "standard input", field: "size", expected: "at most \(limit) bytes", found: "more")
      }
    }
  }
}
