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

  @Option(
    help:
      "Batches that run at the same time, each on its part of the threads: more images a second, each later."
  )
  var streams = 1

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
    let threads = execution.threads ?? availableProcessorCount()
    guard (1...max(threads, 1)).contains(streams) else {
      throw ValidationError(
        "--streams: expected 1 to \(threads), one for each thread, found \(streams)")
    }
    guard streams == 1 || !limit else { throw ValidationError("--streams: not with --limit") }
    guard seconds > 0, seconds <= 3600 else {
      throw ValidationError("--seconds: expected more than 0 and at most 3600, found \(seconds)")
    }
  }

  func run() throws {
    guard let path = plan else { return try measureLimit() }
    let plan = try execution.plan(path)
    let streams = try BenchStreams(
      plan, count: streams, batch: batch, threads: execution.threads,
      allowsLarge: execution.allowLarge)
    let (times, imagesPerSecond) = try streams.measure(seconds: seconds)
    let timing = NodeTiming()
    for _ in 0..<5 {
      try streams.first.runTimed(images: batch, timing: timing) { _ in
      } read: { _ in
      }
    }
    try CommandLineTool.printLines(report(streams, times, imagesPerSecond, timing))
  }

  private func measureLimit() throws {
    let (gigaflops, threads) = try MachineLimit.measure(threadCount: execution.threads)
    let object: JSONValue = ["gflops": .init(gigaflops), "threads": .init(threads)]
    try CommandLineTool.printLine(
      json
        ? object.text()
        : "\(Figures.fixed(gigaflops, 1)) GFLOP/s of multiply-adds on \(threads) threads")
  }

  /// - Parameter times: milliseconds an image of every run, ascending.
  private func report(
    _ streams: BenchStreams, _ times: [Double], _ imagesPerSecond: Double, _ timing: NodeTiming
  ) -> [String] {
    let session = streams.first
    func percentile(_ share: Double) -> Double { times[Int(Double(times.count - 1) * share)] }
    let median = percentile(0.5)
    let total = timing.seconds.values.reduce(0, +)
    let shares = timing.seconds.map { ($0.key, $0.value / total) }.sorted { $0.1 > $1.1 }
    let giga = Double(session.plan.multiplyAdds) / 1e9
    if json {
      let object: JSONValue = [
        "batch": .init(batch), "streams": .init(streams.count),
        "threads": .init(streams.threadCount),
        "kernels": .string(session.kernelName),
        "median_ms": .init(median), "p10_ms": .init(percentile(0.1)),
        "p90_ms": .init(percentile(0.9)), "images_per_second": .init(imagesPerSecond),
        "gmacs": .init(giga),
        "executed_gmacs": .init(Double(session.plan.executedMultiplyAdds) / 1e9),
        "nodes": .object(shares.map { JSONMember($0.0.word, .init($0.1)) }),
      ]
      return [object.text()]
    }
    var lines = [
      "batch \(batch), " + (streams.count == 1 ? "" : "\(streams.count) streams, ")
        + "\(streams.threadCount) threads, \(session.kernelName) kernels, \(times.count) runs",
      "median  \(Figures.fixed(median, 2)) ms an image "
        + "(p10 \(Figures.fixed(percentile(0.1), 2)), p90 \(Figures.fixed(percentile(0.9), 2)))",
      "speed   \(Figures.fixed(imagesPerSecond, 1)) images/s, "
        + "\(Figures.fixed(2 * giga * imagesPerSecond, 1)) GFLOP/s",
    ]
    for (kind, share) in shares {
      lines.append(
        "  \(Figures.left(kind.word, 12))\(Figures.right(Figures.fixed(share * 100, 1), 5)) %")
    }
    return lines
  }
}
