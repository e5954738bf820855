import TestSupport
import Tensors
import Testing
import ViTCompiler
import ViTRuntime
import ViTSearch

/// Searches on a small random model and images of noise.
struct ScheduleSearchTests {
  private let folder: TemporaryFolder
  private let plan: Plan
  private let paths: [String]

  init() throws {
    folder = try TemporaryFolder()
    try SmallModel(SmallModel.forms[6], in: folder).convert(to: folder.file("dense.bin"))
    plan = try Plan(path: folder.file("dense.bin"))
    var source = RandomSource(seed: 3)
    paths = try (0..<12).map { [folder] index in
      let path = folder.file("\(index < 10 ? "0" : "")\(index).png")
      let pixels = (0..<40 * 40 * 3).map { _ in UInt8((source.symmetric() + 1) * 127)
      }
      try PNGEncoder.write(RGBImage(width: 40, height: 40, pixels: pixels), to: path)
      return path
    }
  }

  private func options(_ budget: Double = 0.7) -> SearchOptions {
    var options = SearchOptions(budgets: [.share(budget)])
    (options.count, options.evaluations, options.seed) = (8, 12, 5)
    return options
  }

  private func search(
    _ options: SearchOptions, state: String = "state", count: Int? = nil
  ) throws -> (search: ScheduleSearch, evaluator: ScheduleEvaluator) {
    let evaluator = try ScheduleEvaluator(plan, options)
    let images = try SearchImages(
      paths, in: folder.path, count: count ?? options.count, seed: options.seed,
      for: evaluator.dense, maximumPixels: 1 << 20
    ) { Issue.record("\($0)") }
    let search = try ScheduleSearch(evaluator, images, options, state: folder.file(state))
    return (search, evaluator)
  }

  /// What a search says of a schedule is what a plan of it does.
  @Test func aSchedulesScoreIsThatOfItsPlan() throws {
    let (search, evaluator) = try search(options())
    let result = try search.run(.share(0.7)) { _ in }
    #expect(Double(result.trial.multiplyAdds) <= 0.7 * Double(evaluator.denseMultiplyAdds))
    #expect(result.averageMultiplyAdds == Double(result.trial.multiplyAdds))
    let output = folder.file("found.bin")
    try PlanCompiler.rewrite(plan.file, recipe: evaluator.recipe(result.trial.removed), to: output)
    let written = try Classifier(plan: Plan(path: output))
    #expect(written.plan.executedMultiplyAdds == result.trial.multiplyAdds)
    let dense = try Classifier(plan: plan)
    let images = try SearchImages(
      paths, in: folder.path, count: 8, seed: 5, for: dense, maximumPixels: 1 << 20
    ) { _ in }
    let divergences = try images.paths.map { path in
      let crop = try dense.preprocessing.crop(path: path)
      return Divergence.softmax(
        try dense.logits(of: [crop])[0], try written.logits(of: [crop])[0])
    }
    #expect(Array(result.comparison.divergences.prefix(8)) == divergences.map { max(0, $0) })
    #expect(result.comparison.count == 8 * SearchImages.views)
  }

  @Test func aSearchIsDeterministicAndGoesOn() throws {
    let first = try search(options()).search
    let whole = try first.run(.share(0.7)) { _ in }
    // As if it had been ended in the middle: the head, some lines, and a part of one.
    let bytes = try MappedFile(path: folder.file("state")).withBytes { Array($0) }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    try #require(lines.count > 3)
    let kept = lines.count / 2
    let part = lines[..<kept].flatMap { $0 + [UInt8(ascii: "\n")] } + lines[kept].prefix(9)
    _ = try folder.write(part, to: "part")
    let second = try search(options(), state: "part").search
    #expect(second.known == kept - 1)
    var scores: [Double] = []
    let resumed = try second.run(.share(0.7)) { scores.append($0.best.score) }
    #expect(resumed.trial.removed == whole.trial.removed)
    #expect(resumed.comparison == whole.comparison)
    #expect(first.trials.map(\.removed) == second.trials.map(\.removed))
    #expect(scores == scores.sorted(by: >))
    // Other images are another search.
    #expect(throws: InputError.self) { try search(options(), state: "state", count: 7) }
  }

  @Test(arguments: [0.6, 0.8, 0.95])
  func aCascadeKeepsWithinItsBudget(budget: Double) throws {
    var options = options(budget)
    options.isCascade = true
    let (search, evaluator) = try search(options)
    let result = try search.run(.share(budget)) { _ in }
    let cascade = try #require(result.cascade)
    let all = Double(evaluator.denseMultiplyAdds)
    #expect(result.averageMultiplyAdds <= budget * all)
    let plain = result.trial.comparison
    // Four of the twelve were not looked at, but tell the margin.
    #expect(cascade.images == 12)
    #expect(result.comparison.score <= plain.score)
    // What both programs begin with is done once, and leaves room for more images.
    let rest = try evaluator.rest(behind: result.trial.removed)
    #expect(rest.executedMultiplyAdds < evaluator.denseExecuted)
    let room = budget * all - Double(result.trial.multiplyAdds)
    #expect(cascade.share > 0 && cascade.share <= room / Double(rest.executedMultiplyAdds))
    #expect(
      result.averageMultiplyAdds == Double(result.trial.multiplyAdds)
        + cascade.share * Double(rest.executedMultiplyAdds))
  }

  /// The time is measured, so that nothing else is sure.
  @Test func aTimeIsMet() throws {
    var options = options()
    options.evaluations = 3
    let (search, evaluator) = try search(options)
    let dense = try evaluator.denseMilliseconds()
    options.budgets = [.milliseconds(dense * 0.95)]
    do {
      let result = try search.run(options.budgets[0]) { _ in }
      #expect(try #require(result.milliseconds) <= dense * 0.95)
    } catch let error as InputError {
      // On a busy machine no schedule of so small a model may be that much faster.
      #expect(error.subject == .option(SearchOption.milliseconds))
    }
  }

  @Test func whatCannotBeSearchedIsRefused() throws {
    let (search, evaluator) = try search(options())
    for (share, word) in [
      (1e-9, "at least the"), (0.01, "at least the"), (0.999_999, "less than the"),
    ] {
      let error = #expect(throws: InputError.self) { try search.run(.share(share)) { _ in } }
      #expect(error?.expected.hasPrefix(word) == true, "\(error?.description ?? "")")
    }
    #expect(throws: InputError.self) {
      try SearchImages(
        [folder.file("dense.bin")], in: folder.path, count: 4, seed: 0, for: evaluator.dense,
        maximumPixels: 1 << 20
      ) { _ in }
    }
  }

  @Test func theReportNamesWhatItShows() throws {
    let (search, evaluator) = try search(options())
    let result = try search.run(.share(0.7)) { _ in }
    let hostile = "<script>alert(1)</script>"
    let report = try SearchReport(
      of: search, evaluator, title: hostile,
      found: [SearchReport.Found(result, output: "a\"b", rewrite: "--x <x>")])
    try report.write(to: folder.file("report.html"))
    let bytes = try MappedFile(path: folder.file("report.html")).withBytes { Array($0) }
    let html = String(decoding: bytes, as: UTF8.self)
    #expect(!html.contains(hostile) && html.contains("&lt;script&gt;alert(1)"))
    #expect(html.contains("a&quot;b") && html.contains("--x &lt;x&gt;"))
    #expect(html.matches(of: /<input type="range"/).count == 6)
    #expect(html.matches(of: /https?:/).isEmpty, "nothing is loaded")
  }
}
