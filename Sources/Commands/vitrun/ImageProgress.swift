internal import CommandSupport
internal import Tensors

/// How many images are done, shown on a terminal while a command works for more than a second.
struct ImageProgress {
  private let images: Int
  private let line: TerminalProgress
  private var done = 0
  private var seconds = 0.0
  private var shown = 1.0
  private var clock = Stopwatch()

  /// - Parameters:
  ///   - images: how many there are.
  ///   - writesToTerminal: whether results go where a progress would be seen between them.
  init(images: Int, isQuiet: Bool, writesToTerminal: Bool) {
    self.images = images
    line = TerminalProgress(
      isQuiet: isQuiet || (writesToTerminal && TerminalProgress.isOutputTerminal))
  }

  /// Counts an image.
  mutating func add() {
    done += 1
    seconds += clock.lap() / 1000
    guard seconds >= shown, done < images else { return }
    shown = seconds + 0.2
    let rate = Double(done) / seconds
    let left = Int(Double(images - done) / rate)
    let time =
      left < 120 ? "\(left) s" : left < 7200 ? "\(left / 60) min" : "\(left / 3600) h"
    line.show("\(done) of \(images) images, \(Figures.fixed(rate, 1)) images/s, \(time) left")
  }

  /// Removes the line, for others to be written.
  func clear() { line.clear() }
}
