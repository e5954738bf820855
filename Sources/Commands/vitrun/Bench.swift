internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import Tensors
internal import ViTRuntime

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a plan's speed; all times are for one image of the batch.",
    discussion: """
      Of a cascade, each of its two plans is measured, and the average of an image is told: the first plan's \
      time and work, and the share of the fallback's that a combined plan expects or --fallback-share gives, \
      as there are no images to take it from. vitrun eval tells it of images.
      """)

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

  @Option(
    help: """
      A second plan, which answers where the first is not sure; with --fallback-share. A combined plan \
      has its own.
      """)
  var fallback: String?

  @Option(
    help: """
      The share of images that go on to the fallback, 0 to 1; by default what a combined plan expects.
      """)
  var fallbackShare: Double?

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
    guard fallback == nil || fallbackShare != nil else {
      throw ValidationError("--fallback and --fallback-share go together")
    }
    guard (fallback == nil && fallbackShare == nil) || !limit else {
      throw ValidationError("--fallback and --fallback-share: not with --limit")
    }
    if let fallbackShare, !(0...1).contains(fallbackShare) {
      throw ValidationError("--fallback-share: expected 0 to 1, found \(fallbackShare)")
    }
    guard seconds > 0, seconds <= 3600 else {
      throw ValidationError("--seconds: expected more than 0 and at most 3600, found \(seconds)")
    }
  }

  func run() throws {
    guard let path = plan else { return try measureLimit() }
    let plan = try execution.plan(path)
    let cascade = try cascade(plan)
    let first = try measure(plan)
    let report = BenchReport(
      first: first,
      cascade: try cascade.map { (fallback: try measure($0.fallback), share: $0.share) })
    try CommandLineTool.printLines(json ? [report.json.text()] : report.lines)
  }

  /// What a plan falls back on, and for what share of images.
  private func cascade(_ plan: Plan) throws -> (fallback: Plan, share: Double)? {
    if let own = plan.fallback {
      guard fallback == nil else { throw CascadeOptions.hasItsOwn(plan) }
      return (own.plan, fallbackShare ?? own.expectedShare)
    }
    guard let fallbackShare else { return nil }
    guard let fallback else {
      throw ValidationError("--fallback and --fallback-share go together")
    }
    let other = try execution.plan(fallback, named: "--fallback")
    try Cascade.check(plan, fallback: other)
    return (other, fallbackShare)
  }

  private func measure(_ plan: Plan) throws -> BenchMeasurement {
    try BenchMeasurement(
      try BenchStreams(
        plan, count: streams, batch: batch, threads: execution.threads,
        allowsLarge: execution.allowLarge), batch: batch, seconds: seconds)
  }

  private func measureLimit() throws {
    let (gigaflops, threads) = try MachineLimit.measure(threadCount: execution.threads)
    let object: JSONValue = ["gflops": .init(gigaflops), "threads": .init(threads)]
    try CommandLineTool.printLine(
      json
        ? object.text()
        : "\(Figures.fixed(gigaflops, 1)) GFLOP/s of multiply-adds on \(threads) threads")
  }
}
