internal import Glibc
internal import Tensors

/// Standard input as one array.
enum StandardInput {
  /// Everything up to the end.
  /// - Throws: `InputError` when there are more than `limit` bytes.
  static func read(limit: Int) throws -> [UInt8] {
    FileRegister.addInput(STDIN_FILENO, path: "standard input")
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = block.withUnsafeMutableBytes {
        Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw InputError.standardInput(String(cString: strerror(errno))) }
      if count == 0 { return bytes }
      bytes += block.prefix(count)
      guard bytes.count <= limit else {
        throw InputError.pictureBytes("standard input", limit: limit, found: "more")
      }
    }
  }
}
