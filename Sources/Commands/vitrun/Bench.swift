internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors
internal import ViTRuntime

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the speed of plans; all times are for one image of the batch.",
    discussion: """
      Several plans, or several numbers of --batch or --threads, are measured one after the other and make a \
      table.
      Of a cascade, each of its two plans is measured, and the average of an image is told: the first plan's \
      time and work, and the share of the fallback's that a combined plan expects or --fallback-share gives, \
      as there are no images to take it from. vitrun eval tells it of images. Of the fallback what is measured \
      is what an image takes that the first plan has seen: steps that both begin with are not taken again.
      The images are made up. Where a plan keeps as many tokens as an image asks for, its time and work are those of \
      one such image; vitrun eval tells them of photographs.
      """)

  @Argument(help: "The plans; none with --limit.")
  var plans: [String] = []

  @OptionGroup var settings: BenchOptions

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

  @Flag(help: "Print one JSON object; of several plans or settings one each.")
  var json = false

  @Option(help: "A CSV file with a row for each measurement.")
  var csv: String?

  @Flag(help: "Measure how fast this machine multiplies and adds at all, instead of a plan.")
  var limit = false

  @OptionGroup var execution: PlanOptions

  func validate() throws {
    guard plans.isEmpty == limit else { throw ValidationError("expected a plan or --limit") }
    guard !limit || (!settings.concernsPlans && csv == nil) else {
      throw ValidationError("--limit: goes with --threads and --json alone")
    }
    guard fallback == nil || fallbackShare != nil else {
      throw ValidationError("--fallback and --fallback-share go together")
    }
    guard fallback == nil || plans.count == 1 else {
      throw ValidationError("--fallback goes with one plan")
    }
    guard (fallback == nil && fallbackShare == nil) || !limit else {
      throw ValidationError("--fallback and --fallback-share: not with --limit")
    }
    if let fallbackShare, !(0...1).contains(fallbackShare) {
      throw ValidationError("--fallback-share: expected 0 to 1, found \(fallbackShare)")
    }
  }

  func run() throws {
    if limit { return try measureLimit() }
    if let csv { try NamedFile.check(csv, "--csv") }
    let cascades = try plans.map { try cascade(try execution.plan($0)) }
    if let csv { try OutputFile.check(path: csv) }
    let total = plans.count * settings.all.count
    var reports: [BenchReport] = []
    var progress = BenchProgress(total: total, isQuiet: execution.quiet)
    for cascade in cascades {
      for setting in settings.all {
        progress.begin(cascade.plan, setting)
        let first = try measure(cascade.plan, setting, keeping: cascade.fallback?.shared)
        let fallback = try cascade.fallback.map {
          BenchReport.Fallback(
            measurement: try measure($0.plan, setting), share: $0.share, shared: $0.shared)
        }
        reports.append(BenchReport(plan: cascade.plan.path, first: first, fallback: fallback))
      }
    }
    progress.clear()
    if let csv { try BenchTable(reports).write(to: csv) }
    try CommandLineTool.printLines(json ? jsonLines(reports) : lines(reports))
  }

  /// A plan, and what it falls back on for what share of images.
  private struct MeasuredCascade {
    let plan: Plan
    var fallback: (plan: Plan, share: Double, shared: SharedSteps?)?

    init(_ plan: Plan) { self.plan = plan }

    init(_ plan: Plan, fallback: Plan, share: Double) throws {
      self.plan = plan
      let continuation = try plan.continuation(by: fallback)
      self.fallback = (continuation?.rest ?? fallback, share, continuation?.shared)
    }
  }

  private func cascade(_ plan: Plan) throws -> MeasuredCascade {
    if let own = plan.fallback {
      guard fallback == nil else { throw CascadeOptions.hasItsOwn(plan) }
      return try MeasuredCascade(
        plan, fallback: own.plan, share: fallbackShare ?? own.expectedShare)
    }
    guard let fallbackShare else { return MeasuredCascade(plan) }
    guard let fallback else {
      throw ValidationError("--fallback and --fallback-share go together")
    }
    let other = try execution.plan(fallback, named: "--fallback")
    try Cascade.check(plan, fallback: other)
    return try MeasuredCascade(plan, fallback: other, share: fallbackShare)
  }

  private func measure(
    _ plan: Plan, _ setting: BenchSetting, keeping shared: SharedSteps? = nil
  ) throws -> BenchMeasurement {
    let streams = try BenchStreams(
      plan, setting, allowsLarge: execution.allowLarge, keeping: shared)
    return try BenchMeasurement(
      streams, setting, percentiles: settings.percentile?.values ?? [],
      timesEachStep: settings.perStep)
  }

  private func jsonLines(_ reports: [BenchReport]) -> [String] {
    reports.map { $0.json(namesPlan: reports.count > 1).text() }
  }

  private func lines(_ reports: [BenchReport]) -> [String] {
    if reports.count == 1 { return reports[0].lines }
    return BenchTable(reports).lines
      + (settings.perStep ? reports.flatMap { ["", "\($0.title):"] + $0.stepLines } : [])
  }

  private func measureLimit() throws {
    for threads in settings.all.map(\.threads) {
      let (gigaflops, threads) = try MachineLimit.measure(threadCount: threads)
      let object: JSONValue = ["gflops": .init(gigaflops), "threads": .init(threads)]
      try CommandLineTool.printLine(
        json
          ? object.text()
          : "\(Figures.fixed(gigaflops, 1)) GFLOP/s of multiply-adds on \(threads) threads")
    }
  }
}
