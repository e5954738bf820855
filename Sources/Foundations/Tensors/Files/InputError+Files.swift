internal import CLibrary

extension InputError {
  static func cannotOpen(_ path: String, _ code: Int32) -> InputError {
    InputError(
      [ENOMEM, EMFILE, ENFILE].contains(code) ? .outOfResources : .unreadableFile, file: path,
      field: "file", expected: "a readable file", found: String(cString: strerror(code)))
  }

  static func notRegular(_ path: String, mode: mode_t) -> InputError {
    let kind =
      switch mode & S_IFMT {
      case S_IFDIR: "a folder"
      case S_IFIFO: "a FIFO"
      case S_IFSOCK: "a socket"
      default: "a device"
      }
    return InputError(
      .unreadableFile, file: path, field: "file", expected: "a regular file", found: kind)
  }

  static func cannotWrite(_ path: String, _ code: Int32) -> InputError {
    InputError(
      .output, file: path, field: "output", expected: "to be written",
      found: String(cString: strerror(code))
    )
  }

  static func isInput(_ path: String, _ input: String) -> InputError {
    InputError(
      .output, file: path, field: "output", expected: "another file than the inputs",
      found: "the input \(input)")
  }

  static func isOutput(_ path: String, _ other: String) -> InputError {
    InputError(
      .output, file: path, field: "output", expected: "a file for each output",
      found: "the output \(other)")
  }

  static func mayBeInput(_ path: String, inputs: Int) -> InputError {
    InputError(
      .output, file: path, field: "output", expected: "a new file, with more than \(inputs) inputs",
      found: "an existing file")
  }

  /// Memory that the system refuses.
  /// - Parameter found: the system's or a library's words.
  package static func noMemory(_ file: String, _ count: Int? = nil, _ found: String) -> InputError {
    InputError(
      .outOfResources, file: file, field: "memory",
      expected: count.map { "\($0) bytes" } ?? "enough of it", found: found)
  }

  /// As ``noMemory(_:_:_:)``, in the words of an error code.
  package static func noMemory(_ file: String, _ count: Int, _ code: Int32) -> InputError {
    noMemory(file, count, String(cString: strerror(code)))
  }

  static func danglingLink(_ path: String) -> InputError {
    InputError(
      .output, file: path, field: "output", expected: "a file name",
      found: "a link that leads nowhere")
  }
}
