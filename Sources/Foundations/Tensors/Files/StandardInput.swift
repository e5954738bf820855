internal import CLibrary

/// What comes in on standard input, taken whole.
package enum StandardInput {
  /// What errors call it.
  package static let name = "standard input"

  /// Everything up to the end. It counts as an input from then on, so that no output replaces it.
  /// - Throws: `InputError` if it cannot be read or has more than `limit` bytes.
  package static func read(limit: Int) throws -> ByteBuffer {
    FileRegister.addInput(STDIN_FILENO, path: name)
    let buffer = try ByteBuffer(count: 1 << 16, for: name)
    var count = 0
    while true {
      if count == buffer.count { try buffer.resize(to: 2 * count, for: name) }
      let room = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[count...])
      let got = CLibrary.read(STDIN_FILENO, room.baseAddress, room.count)
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else {
        throw InputError(
          .unreadableFile, file: name, field: "read", expected: "its bytes",
          found: String(cString: strerror(errno)))
      }
      count += got
      guard count <= limit else {
        throw InputError(
          file: name, field: "size", expected: "at most \(limit) bytes", found: "more")
      }
      if got == 0 { break }
    }
    try buffer.resize(to: count, for: name)
    return buffer
  }
}
