internal import ArgumentParser
internal import CommandSupport
internal import Tensors
internal import ViTCompiler
internal import ViTRuntime
internal import ViTSearch

struct Search: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find how many tokens to take away in which block, for a budget.",
    discussion: """
      Tries schedules on images of your own, without labels, and keeps the one whose answers are closest to \
      the dense model's. With several budgets a plan is written for each, with the budget in its name. A search \
      that was ended goes on where it was, from its --state.
      """)

  @Argument(help: "The plan of the model.")
  var plan: String

  @Option(help: "A folder of images like those that the plan is for, or of folders of them.")
  var images: String

  @Option(
    help:
      "The most work of an image, as a share of the dense model's multiply-adds; several, by commas."
  )
  var budget: Budgets?

  @Option(help: "The most milliseconds of an image on this machine, in place of --budget.")
  var targetMs: Double?

  @Option(help: "What happens to the tokens that go.")
  var strategy = RewriteOptions.Strategy.weighted

  @Flag(help: "Tokens count by the number of patches that they stand for.")
  var sizeAware = false

  @Option(help: "How many of the images are looked at.")
  var count = 64

  @Option(help: "How many schedules are tried for each budget.")
  var evaluations = 40

  @Option(help: "Decides which images are looked at, and what is tried after what.")
  var seed = 0

  @Option(help: "Threads; by default one for each processor this process may use.")
  var threads: Int?

  @Flag(
    help:
      "Let the dense model answer the images of which the plan is not sure, by a plan that holds both."
  )
  var cascade = false

  @Option(help: "The most pixels of an image.")
  var maxPixels = ImageDecoder.usualMaximumPixels

  @Flag(help: "Search for plans of more than 10^13 operations or 4 GiB of memory an image.")
  var allowLarge = false

  @Option(
    help: "Where the search keeps what it has tried; by default OUTPUT.search, removed at the end.")
  var state: String?

  @Option(
    help:
      "A page, FILE.html, that shows what was tried and what happens to the tokens of some images.")
  var report: String?

  @Option(name: .shortAndLong, help: "The plan to write.")
  var output: String

  @Flag(help: "Write no notes, no progress and no results.")
  var quiet = false

  func validate() throws {
    guard (budget == nil) != (targetMs == nil) else {
      throw ValidationError("expected --budget or --target-ms")
    }
    try CommandLineTool.validate { try strategy.checkSizes(isSizeAware: sizeAware) }
    for share in budget?.shares ?? [] where !(share > 0 && share < 1) {
      throw ValidationError("--budget: expected shares above 0 and below 1, found \(share)")
    }
    if let budget, Set(budget.shares).count < budget.shares.count {
      throw ValidationError("--budget: expected each share once, found one twice")
    }
    if let targetMs, !(targetMs > 0 && targetMs.isFinite) {
      throw ValidationError("--target-ms: expected milliseconds above 0, found \(targetMs)")
    }
    for (name, value, range) in [
      ("--count", count, 1...100_000), ("--evaluations", evaluations, 1...100_000),
      ("--threads", threads ?? 1, 1...256),
      ("--max-pixels", maxPixels, 1...ImageDecoder.mostPixels),
    ] where !range.contains(value) {
      throw ValidationError(
        "\(name): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
  }

  func run() throws {
    for (path, name) in [
      (plan, "PLAN"), (images, "--images"), (state, "--state"), (report, "--report"),
      (output, "--output"),
    ] {
      if let path { try NamedFile.check(path, name) }
    }
    var options = SearchOptions(
      budgets: budget.map { $0.shares.map { .share($0) } } ?? [.milliseconds(targetMs ?? 0)])
    (options.isCascade, options.isSizeAware) = (cascade, sizeAware)
    (options.strategy, options.count, options.evaluations) = (strategy, count, evaluations)
    (options.seed, options.threads, options.allowsLarge) = (seed, threads, allowLarge)
    options.maximumPixels = maxPixels
    let paths = options.budgets.map { path(of: $0, among: options.budgets.count) }
    let search = try FolderSearch(
      plan, on: images, options, to: paths + [report].compactMap(\.self),
      state: state ?? "\(output).search", keepsState: state != nil
    ) {
      note("\(CommandLineTool.text($0)); skipped")
    } note: {
      note(CommandLineTool.text($0))
    }
    try search.run { schedules in
      try write(try options.budgets.map { try find($0, schedules) }, to: paths, search)
    }
  }

  private func write(
    _ results: [SearchResult], to paths: [String], _ search: FolderSearch
  ) throws {
    var found: [SearchReport.Found] = []
    for (result, path) in zip(results, paths) {
      let summary = SearchSummary(
        result, search.evaluator, strategy: strategy, isSizeAware: sizeAware, output: path)
      found.append(SearchReport.Found(result, output: path, rewrite: summary.rewrite))
      try search.write(result, to: path)
      if !quiet { try CommandLineTool.printLines(summary.lines) }
    }
    guard let report else { return }
    try search.report(found).write(to: report)
  }

  private func find(
    _ budget: SearchOptions.Budget, _ search: ScheduleSearch
  ) throws -> SearchResult {
    let progress = TerminalProgress(isQuiet: quiet)
    defer { progress.clear() }
    var clock = Stopwatch()
    var milliseconds = 0.0
    return try search.run(budget) { step in
      milliseconds += clock.lap()
      let left = milliseconds / Double(step.done) * Double(step.evaluations - step.done) / 1000
      progress.show(
        "\(budget.text): \(step.done) of \(step.evaluations) schedules, best KL "
          + "\(Figures.fixed(step.best.divergence, 4)), agreement "
          + "\(Figures.fixed(100 * step.best.agreement, 1)) %, \(Int(left.rounded(.up))) s left")
    }
  }

  /// With several budgets each one's is in the name, before the ending.
  private func path(of budget: SearchOptions.Budget, among count: Int) -> String {
    guard count > 1, case .share(let share) = budget else { return output }
    let name = PathText.lastName(of: output)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else {
      return "\(output)-\(share)"
    }
    return "\(output.dropLast(name[dot...].count))-\(share)\(name[dot...])"
  }

  private func note(_ text: String) {
    if !quiet { CommandLineTool.note("vitc: note: \(text)") }
  }
}

/// Shares, separated by commas.
struct Budgets: ExpressibleByArgument {
  let shares: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    shares = parts.compactMap { Double($0) }
    guard shares.count == parts.count else { return nil }
  }
}
