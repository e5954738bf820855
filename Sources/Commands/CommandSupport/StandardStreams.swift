internal import CLibrary
internal import Tensors

/// Standard input, output and error as the system hands them to a process.
enum StandardStreams {
  /// `O_PATH`, which Swift does not import.
  private static let pathOnly: Int32 = 0o10_000_000

  /// Takes the places of streams that are closed, or the next file that is opened would get one, and text
  /// would be written into it. What takes a place can neither be read nor written, as a closed stream.
  static func occupy() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/", pathOnly)
    }
  }

  /// Writes all of the text; the reason if that cannot be done.
  static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
  }

  /// Writes all of the bytes; the reason if that cannot be done.
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
    var rest = bytes
    while !rest.isEmpty {
      let written = CLibrary.write(descriptor, rest.baseAddress, rest.count)
      if written > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      } else if written < 0 && errno == EAGAIN {
        // Whoever shares the stream has set it not to wait.
        var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&room, 1, -1)
      } else if written == 0 || errno != EINTR {
        return written == 0 ? EIO : errno
      }
    }
    return nil
  }
}
