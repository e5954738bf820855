internal import CInterface
public import CVitc
internal import JSON
internal import ModelFacts
internal import Tensors
internal import ViTCompiler
internal import ViTRuntime
internal import ViTSearch

/// See vitc.h.
@_cdecl("vitc_search")
public func search(
  _ plan: UnsafePointer<CChar>?, _ images: UnsafePointer<CChar>?,
  _ output: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?,
  _ progress: vitc_search_progress?, _ context: UnsafeMutableRawPointer?,
  _ report: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> vitc_status {
  library.call {
    let plan = try library.path(plan, "plan")
    let images = try library.path(images, "images")
    let output = try library.path(output, "output")
    let searching = try Searching(options)
    let found = try searching.run(plan, on: images, to: output) { step in
      guard let progress else { return }
      let status = progress(
        context, Int64(step.done), Int64(step.evaluations), step.best.divergence,
        step.best.agreement)
      guard status == 0 else { throw Interface.error("progress", "0, to go on", "\(status)") }
    }
    try give(found, to: report)
  }
}

/// What the options of a search ask for.
private struct Searching {
  private let options: SearchOptions
  private let budget: SearchOptions.Budget
  private let state: String?
  private let reportPath: String?

  init(_ text: UnsafePointer<CChar>?) throws {
    var reader = try OptionReader(text)
    let share = try reader.number("budget")
    let milliseconds = try reader.number("target_ms")
    switch (share, milliseconds) {
    case (let share?, nil): budget = .share(share)
    case (nil, let milliseconds?): budget = .milliseconds(milliseconds)
    default:
      throw OptionReader.error(
        "budget", "either budget or target_ms", share == nil ? "neither" : "both")
    }
    if let share, !(share > 0 && share < 1) {
      throw OptionReader.error("budget", "a share above 0 and below 1", "\(share)")
    }
    if let milliseconds, milliseconds <= 0 {
      throw OptionReader.error("target_ms", "milliseconds above 0", "\(milliseconds)")
    }
    var options = SearchOptions(budgets: [budget])
    options.strategy = try StrategyOption.take(&reader) ?? options.strategy
    options.isSizeAware = try reader.flag("size_aware")
    options.count = try reader.integer("count", in: 1...100_000) ?? options.count
    options.evaluations =
      try reader.integer("evaluations", in: 1...100_000) ?? options.evaluations
    options.seed = try reader.integer("seed", in: .min ... .max) ?? options.seed
    options.threads = try reader.integer("threads", in: 1...256)
    options.isCascade = try reader.flag("cascade")
    options.allowsLarge = try reader.flag("allow_large")
    options.maximumPixels =
      try reader.integer("max_pixels", in: 1...ImageDecoder.mostPixels) ?? options.maximumPixels
    state = try reader.path("state")
    reportPath = try reader.path("report")
    try reader.finish()
    try options.strategy.checkSizes(isSizeAware: options.isSizeAware)
    self.options = options
  }

  /// - Returns: the report.
  func run(
    _ plan: String, on folder: String, to output: String,
    progress: (ScheduleSearch.Progress) throws -> Void
  ) throws -> JSONValue {
    var messages: [Message] = []
    let search = try FolderSearch(
      plan, on: folder, options, to: [output] + [reportPath].compactMap(\.self),
      state: state ?? "\(output).search", keepsState: state != nil
    ) {
      messages.append(note($0, "skipped"))
    } note: {
      messages.append($0)
    }
    return try search.run { schedules in
      let result = try schedules.run(budget, progress: progress)
      if let reportPath {
        let found = SearchReport.Found(result, output: output, rewrite: rewrite(result))
        try search.report([found]).write(to: reportPath)
      }
      try search.write(result, to: output)
      return report(result, search.evaluator, messages)
    }
  }

  /// The call that makes the plan again, or of a cascade its first program.
  private func rewrite(_ result: SearchResult) -> String {
    var members: [JSONMember] = [
      .init("strategy", .string(options.strategy.rawValue)),
      .init("remove", .array(result.trial.removed.map { .init($0) })),
    ]
    if options.isSizeAware { members.append(.init("size_aware", .bool(true))) }
    return "vitc_rewrite with \(JSONValue.object(members).text())"
  }

  private func report(
    _ result: SearchResult, _ evaluator: ScheduleEvaluator, _ messages: [Message]
  ) -> JSONValue {
    var members: [JSONMember] = [
      .init("removed", .array(result.trial.removed.map { .init($0) })),
      .init("kl", .init(result.comparison.divergence)),
      .init("agreement", .init(result.comparison.agreement)),
      .init("images", .init(result.images)),
      .init("executed_gmacs", .init(result.averageMultiplyAdds / 1e9)),
      .init("dense_gmacs", .init(Double(evaluator.denseMultiplyAdds) / 1e9)),
    ]
    if let cascade = result.cascade {
      members.append(.init("margin", .init(cascade.margin)))
      members.append(.init("fallback_share", .init(cascade.share)))
    }
    if let milliseconds = result.milliseconds { members.append(.init("ms", .init(milliseconds))) }
    return .object(members + [.init("notes", notes(messages))])
  }
}
