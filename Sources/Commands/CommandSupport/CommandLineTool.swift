package import ArgumentParser
internal import CRefusedMemory
internal import CLibrary
internal import PlanFormat
internal import Tensors

/// What both commands do with arguments, results, notes and errors.
package enum CommandLineTool {
  /// What both commands say of themselves.
  package static let version = Release.version

  /// Runs a command: exit code 1 and one line on stderr when the input or the request is wrong or a
  /// result cannot be written, 64 for wrong usage.
  package static func run(_ command: any ParsableCommand.Type, name: String) -> Never {
    StandardStreams.occupy()
    Signals.prepare()
    MappingFault.endProcess(as: name)
    vit_end_on_refused_memory(strdup(name)) { TemporaryFiles.removeAll() }
    FileRegister.rememberClosedFiles()
    do {
      try run(command, with: Arguments.all)
      exit(0)
    } catch let error as InputError {
      note("\(name): \(text(error))")
      exit(1)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      note("\(name): \(error)")
      exit(1)
    }
  }

  /// - Throws: an error of the command's, an `ExitCode`, or an `InputError` if help cannot be written.
  private static func run(_ command: any ParsableCommand.Type, with arguments: [String]) throws {
    try checkName(command, arguments)
    do {
      var parsed = try command.parseAsRoot(arguments)
      try parsed.run()
    } catch let error as InputError {
      throw error
    } catch let code as ExitCode {
      throw code
    } catch {
      // Help, the version and completion scripts are errors to the parser too, with an exit code of 0.
      let code = command.exitCode(for: error)
      if code == .success { return try print(command.fullMessage(for: error) + "\n") }
      _ = StandardStreams.write(
        usageMessage(for: error, of: command, arguments) + "\n", to: STDERR_FILENO)
      throw code
    }
  }

  /// Runs a library's check of options, whose errors are then the parser's: wrong usage, before any file is read.
  package static func validate(_ check: () throws -> Void) throws {
    do { try check() } catch let error as InputError { throw ValidationError(text(error)) }
  }

  /// Throws if a command is named that there is not: the parser only says that a word is unexpected.
  private static func checkName(_ command: any ParsableCommand.Type, _ arguments: [String]) throws {
    let configuration = command.configuration
    let names = configuration.subcommands.map { $0._commandName }
    guard configuration.defaultSubcommand == nil, let word = arguments.first, !word.hasPrefix("-"),
      !(names + ["help"]).contains(word)
    else { return }
    note(
      "\(command._commandName): \(word): command: expected \(names.joined(separator: ", ")) or help, "
        + "found another word")
    throw ExitCode(64)
  }

  /// What is wrong with the arguments, and the usage. The message has several lines and quotes the
  /// arguments, so these are escaped before the parser does.
  private static func usageMessage(
    for error: any Error, of command: any ParsableCommand.Type, _ arguments: [String]
  ) -> String {
    let escaped = arguments.map(VisibleText.escaped)
    if escaped != arguments {
      do {
        _ = try command.parseAsRoot(escaped)
      } catch {
        return command.fullMessage(for: error)
      }
    }
    return command.fullMessage(for: error)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { VisibleText.escaped(String($0)) }.joined(separator: "\n")
  }

  /// Writes a line to stderr, where that is possible: what a command does, and its exit code, do not
  /// depend on whether anybody reads its notes.
  package static func note(_ text: String) {
    _ = StandardStreams.write(VisibleText.escaped(text) + "\n", to: STDERR_FILENO)
  }

  /// Writes a line of results to stdout.
  /// - Throws: `InputError` when it cannot be written.
  package static func printLine(_ text: String) throws { try printLines([text]) }

  /// Writes lines of results to stdout.
  /// - Throws: `InputError` when they cannot be written.
  package static func printLines(_ lines: [String]) throws {
    try print(lines.map { VisibleText.escaped($0) + "\n" }.joined())
  }

  /// Writes a result that is no text to stdout.
  /// - Throws: `InputError` when it cannot be written.
  package static func printBytes(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try printBytes($0) }
  }

  /// Writes a result that is no text to stdout.
  /// - Throws: `InputError` when it cannot be written.
  package static func printBytes(_ bytes: UnsafeRawBufferPointer) throws {
    try check(StandardStreams.write(bytes, to: STDOUT_FILENO))
  }

  private static func print(_ text: String) throws {
    try check(StandardStreams.write(text, to: STDOUT_FILENO))
  }

  private static func check(_ reason: Int32?) throws {
    guard let reason else { return }
    throw InputError(
      .output, file: "standard output", field: "output", expected: "to be written",
      found: String(cString: strerror(reason)))
  }
}
