package import ArgumentParser
internal import Glibc
internal import Tensors

/// What both commands do with errors and notes.
package enum CommandLineTool {
  /// Runs a command: exit code 1 and one line on stderr when the input or the request is wrong, 64
  /// for wrong usage.
  package static func run(_ command: any ParsableCommand.Type, name: String) -> Never {
    MappingFault.endProcess(as: name)
    do {
      var parsed = try command.parseAsRoot()
      do {
        try parsed.run()
      } catch let error as InputError {
        note("\(name): \(error)")
        exit(1)
      } catch let code as ExitCode {
        exit(code.rawValue)
      }
      exit(0)
    } catch {
      command.exit(withError: error)
    }
  }

  /// Writes a line to stderr.
  package static func note(_ text: String) {
    write(text + "\n", to: STDERR_FILENO)
  }

  /// Writes a line to stdout; ends the process quietly when the reader has gone.
  package static func printLine(_ text: String) {
    write(text + "\n", to: STDOUT_FILENO)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { exit(descriptor == STDOUT_FILENO ? 1 : 0) }
      bytes = bytes.dropFirst(written)
    }
  }
}
