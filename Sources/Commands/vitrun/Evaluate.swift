internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors
internal import ViTRuntime

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure top-1 and top-5 accuracy over a folder of images.",
    discussion: """
      The folder has sub-folders named by class identifier, name or number, or images named \
      <identifier>_*. Identifiers come from the plan's labels or from --labels. With --fallback it tells \
      the share of images that went on, and the work of an image on average.
      """)

  @Argument(help: "The plan.")
  var plan: String

  @Argument(help: "The folder.")
  var folder: String

  @Option(help: "Class names to use in place of the plan's; - is standard input.")
  var labels: String?

  @Option(
    help: "A second plan: how often both name the same class, and how far they are apart (KL).")
  var against: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  @OptionGroup var cascade: CascadeOptions
  @OptionGroup var execution: RunOptions
  @OptionGroup var imageOptions: ImageOptions

  func run() throws {
    try NamedFile.check(folder, "DIR")
    if let against { try NamedFile.check(against, "--against") }
    let plan = try execution.plan(plan)
    let model = try cascade.model(of: plan, maximumBatch: Self.batch, execution)
    let names =
      try labels.map { try LabelFile.read(path: $0, classes: plan.classCount) } ?? model.labels
    let contents = try LabelledFolder.contents(
      of: folder, labels: names, classes: plan.classCount, note: execution.note)
    let other = try against.map {
      try Model(try execution.plan($0), maximumBatch: Self.batch, execution)
    }
    if let other = other?.first.plan, other.classCount != plan.classCount {
      throw InputError(
        file: other.path, field: "classes", expected: "\(plan.classCount)",
        found: "\(other.classCount)")
    }
    let (lines, isWhole) = try score(contents, model, other)
    try CommandLineTool.printLines(lines)
    if !isWhole { throw ExitCode(1) }
  }

  /// Images that are prepared and run together: enough for all threads.
  private static let batch = 8

  /// - Returns: the lines to print, and whether all logits were finite.
  private func score(
    _ contents: LabelledFolder.Contents, _ model: Model, _ other: Model?
  ) throws -> (lines: [String], isWhole: Bool) {
    let images = contents.images
    try model.waitUntilVerified()
    try other?.waitUntilVerified()
    var (count, skipped, first, five, agreeing) = (0, contents.unknown, 0, 0, 0)
    var work = CascadeWork(model)
    var isWhole = true
    var divergence = 0.0
    // Of classes that exclude each other; others have no one distribution.
    let comparesSoftmax = [model, other].compactMap(\.self).allSatisfy {
      $0.first.plan.scores == .softmax
    }
    var clock = Stopwatch()
    let batches = ImageBatches(model.first, imageOptions)
    for start in stride(from: 0, to: images.count, by: Self.batch) {
      var batch: [(image: LabelledImage, crop: RGBImage)] = []
      let group = images[start..<min(start + Self.batch, images.count)]
      for (image, result) in zip(group, batches.prepare(group.map(\.path))) {
        do {
          batch.append((image, try result.get().crop))
        } catch let error as InputError where error.kind != .outOfResources {
          CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
          skipped += 1
        }
      }
      guard !batch.isEmpty else { continue }
      let answers = try model.answers(to: batch.map(\.crop))
      let logits = answers.map(\.logits)
      let others = try other.map { other in
        let crops =
          other.first.preprocessing == model.first.preprocessing
          ? batch.map(\.crop)
          : try batches.prepare(batch.map(\.image.path), for: other.first)
            .map { try $0.get().crop }
        return try other.answers(to: crops).map(\.logits)
      }
      for (index, image) in batch.map(\.image).enumerated() {
        let problem =
          FiniteLogits.problem(logits[index], image.path)
          ?? others.flatMap { FiniteLogits.problem($0[index], image.path) }
        if let problem {
          CommandLineTool.note("vitrun: \(CommandLineTool.text(problem))")
          skipped += 1
          isWhole = false
          continue
        }
        let top = Self.top5(logits[index])
        count += 1
        work.add(answers[index])
        if top.first == image.label { first += 1 }
        if top.contains(image.label) { five += 1 }
        guard let others else { continue }
        if Self.top5(others[index]).first == top.first { agreeing += 1 }
        divergence += Divergence.softmax(others[index], logits[index])
      }
    }
    let seconds = clock.lap() / 1000
    guard count > 0 else {
      throw InputError(
        file: folder, field: "images", expected: "at least one that can be read", found: "none")
    }
    func share(_ part: Int) -> Double { Double(part) / Double(count) }
    if json {
      var members: [JSONMember] = [
        .init("images", .init(count)), .init("skipped", .init(skipped)),
        .init("correct_top1", .init(first)), .init("correct_top5", .init(five)),
        .init("top1", .init(share(first))), .init("top5", .init(share(five))),
      ]
      if other != nil { members.append(.init("agreement", .init(share(agreeing)))) }
      if other != nil, comparesSoftmax {
        members.append(.init("kl", .init(divergence / Double(count))))
      }
      members += work.members
      members.append(.init("images_per_second", .init(Double(count) / seconds)))
      return ([JSONValue.object(members).text()], isWhole)
    }
    func line(_ name: String, _ part: Int) -> String {
      "\(Figures.left(name, 10))\(part) of \(count) (\(Figures.fixed(share(part) * 100, 1)) %)"
    }
    var lines = [line("top-1", first), line("top-5", five)]
    if other != nil { lines.append(line("agreement", agreeing)) }
    if other != nil, comparesSoftmax {
      lines.append("kl        \(Figures.fixed(divergence / Double(count), 4))")
    }
    lines += work.lines
    if skipped > 0 { lines.append("skipped   \(skipped)") }
    lines.append("speed     \(Figures.fixed(Double(count) / seconds, 1)) images/s")
    return (lines, isWhole)
  }

  private static func top5(_ logits: [Float]) -> [Int] {
    Ranking(logits, by: .softmax, count: 5).top.map(\.index)
  }
}
