internal import CommandSupport
internal import Tensors
internal import ViTRuntime

/// Which of several measurements is at work, shown on a terminal once they have taken a second.
struct BenchProgress {
  private let total: Int
  private let line: TerminalProgress
  private var begun = 0
  private var seconds = 0.0
  private var clock = Stopwatch()

  init(total: Int, isQuiet: Bool) {
    self.total = total
    line = TerminalProgress(isQuiet: isQuiet)
  }

  /// Tells that the next one begins.
  mutating func begin(_ plan: Plan, _ setting: BenchSetting) {
    begun += 1
    seconds += clock.lap() / 1000
    guard seconds >= 1 else { return }
    let threads = setting.threads.map { ", \($0) threads" } ?? ""
    line.show("\(begun) of \(total): \(plan.path), batch \(setting.batch)\(threads)")
  }

  /// Removes the line, for others to be written.
  func clear() { line.clear() }
}
