internal import Glibc

extension InputError {
  static func cannotOpen(_ path: String, _ code: Int32) -> InputError {
    InputError(
      file: path, field: "file", expected: "a readable file", found: String(cString: strerror(code))
    )
  }

  static func notRegular(_ path: String, mode: mode_t) -> InputError {
    let kind =
      switch mode & S_IFMT {
      case S_IFDIR: "a folder"
      case S_IFIFO: "a FIFO"
      case S_IFSOCK: "a socket"
      default: "a device"
      }
    return InputError(file: path, field: "file", expected: "a regular file", found: kind)
  }

  static func cannotWrite(_ path: String, _ code: Int32) -> InputError {
    InputError(
      file: path, field: "output", expected: "to be written", found: String(cString: strerror(code))
    )
  }

  static func isInput(_ path: String) -> InputError {
    InputError(
      file: path, field: "output", expected: "another file than the input", found: "the input")
  }

  static func danglingLink(_ path: String) -> InputError {
    InputError(
      file: path, field: "output", expected: "a file name", found: "a link that leads nowhere")
  }
}
