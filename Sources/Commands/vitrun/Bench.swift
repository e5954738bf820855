internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors
internal import ViTRuntime

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a plan's speed; all times are for one image of the batch.")

  @Argument(help: "The plan; not with --limit.")
  var plan: String?

  @Option(help: "Images that run together.")
  var batch = 1

  @Option(help: "How long to measure.")
  var seconds = 3.0

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(help: "Measure how fast this machine multiplies and adds at all, instead of a plan.")
  var limit = false

  @OptionGroup var execution: RunOptions

  func validate() throws {
    guard (plan == nil) == limit else {
      throw ValidationError("expected a plan or --limit")
    }
    guard (1...1024).contains(batch) else {
      throw ValidationError("--batch: expected 1 to 1024, found \(batch)")
    }
    guard seconds > 0, seconds <= 3600 else {
      throw ValidationError("--seconds: expected more than 0 and at most 3600, found \(seconds)")
    }
  }

  func run() throws {
    guard let path = plan else { return try measureLimit() }
    let plan = try execution.plan(path)
    let session = try Session(
      plan: plan, maximumBatch: batch, threadCount: execution.threads,
      allowsLarge: execution.allowLarge)
    // Any values do: the work does not depend on them.
    try session.run(images: batch) { tensor in
      for index in tensor.indices { tensor[index] = Float(index % 255) / 128 - 1 }
    } read: { _ in
    }
    var times: [Double] = []
    var clock = Stopwatch()
    var total = 0.0
    while total < seconds * 1000 || times.count < 5 {
      _ = clock.lap()
      try session.run(images: batch) { _ in
      } read: { _ in
      }
      let milliseconds = clock.lap()
      times.append(milliseconds / Double(batch))
      total += milliseconds
    }
    times.sort()
    let timing = NodeTiming()
    for _ in 0..<5 {
      try session.runTimed(images: batch, timing: timing) { _ in
      } read: { _ in
      }
    }
    try CommandLineTool.printLines(report(session, times, timing))
  }

  private func measureLimit() throws {
    let (gigaflops, threads) = try MachineLimit.measure(threadCount: execution.threads)
    let object: JSONValue = ["gflops": .init(gigaflops), "threads": .init(threads)]
    try CommandLineTool.printLine(
      json
        ? object.text()
        : "\(Figures.fixed(gigaflops, 1)) GFLOP/s of multiply-adds on \(threads) threads")
  }

  private func report(_ session: Session, _ times: [Double], _ timing: NodeTiming) -> [String] {
    func percentile(_ share: Double) -> Double { times[Int(Double(times.count - 1) * share)] }
    let median = percentile(0.5)
    let total = timing.seconds.values.reduce(0, +)
    let shares = timing.seconds.map { ($0.key, $0.value / total) }.sorted { $0.1 > $1.1 }
    let giga = Double(session.plan.multiplyAdds) / 1e9
    if json {
      let object: JSONValue = [
        "batch": .init(batch), "threads": .init(session.threadCount),
        "kernels": .string(session.kernelName),
        "median_ms": .init(median), "p10_ms": .init(percentile(0.1)),
        "p90_ms": .init(percentile(0.9)), "images_per_second": .init(1000 / median),
        "gmacs": .init(giga),
        "executed_gmacs": .init(Double(session.plan.executedMultiplyAdds) / 1e9),
        "nodes": .object(shares.map { JSONMember($0.0.word, .init($0.1)) }),
      ]
      return [object.text()]
    }
    var lines = [
      "batch \(batch), \(session.threadCount) threads, \(session.kernelName) kernels, "
        + "\(times.count) runs",
      "median  \(Figures.fixed(median, 2)) ms an image "
        + "(p10 \(Figures.fixed(percentile(0.1), 2)), p90 \(Figures.fixed(percentile(0.9), 2)))",
      "speed   \(Figures.fixed(1000 / median, 1)) images/s, "
        + "\(Figures.fixed(2 * giga / median * 1000, 1)) GFLOP/s",
    ]
    for (kind, share) in shares {
      lines.append(
        "  \(Figures.left(kind.word, 12))\(Figures.right(Figures.fixed(share * 100, 1), 5)) %")
    }
    return lines
  }
}
