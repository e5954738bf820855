internal import CLibrary
internal import Tensors

/// A line on stderr that is written over again and again; nothing where stderr is no terminal.
package struct TerminalProgress {
  private let isShown: Bool

  /// - Parameter isQuiet: whether nothing is shown anyhow.
  package init(isQuiet: Bool) { isShown = !isQuiet && isatty(STDERR_FILENO) == 1 }

  /// Whether standard output is a terminal.
  package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Shows a line in the place of the last one.
  package func show(_ text: String) {
    guard isShown else { return }
    _ = StandardStreams.write("\r\u{1B}[K" + VisibleText.escaped(text), to: STDERR_FILENO)
  }

  /// Removes the line, for others to be written.
  package func clear() {
    guard isShown else { return }
    _ = StandardStreams.write("\r\u{1B}[K", to: STDERR_FILENO)
  }
}
