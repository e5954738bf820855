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
    usage: "vitrun eval <plan> ... <folder> [<options>]",
    discussion: """
      The folder has sub-folders named by class identifier, name or number, or images named \
      <identifier>_*. Identifiers come from the plan's labels or from --labels. With --fallback it tells \
      the share of images that went on, and the work of an image on average. Several plans are measured \
      on the same images and make a table.
      """)

  @Argument(help: "Plans, and the folder as the last.")
  var paths: [String]

  @Option(help: "Class names to use in place of the plans'; - is standard input.")
  var labels: String?

  @Option(
    help: "Another plan: how often each names the same class, and how far they are apart (KL).")
  var against: String?

  @Option(help: "Look at so many images at most, evenly spread over the folder.")
  var limit: Int?

  @Flag(help: "Print one JSON object a plan.")
  var json = false

  @OptionGroup var files: EvaluationFiles
  @Option(help: "Images that a stream runs at once; there are as many streams as threads.")
  var batch = 1

  @OptionGroup var cascade: CascadeOptions
  @OptionGroup var execution: RunOptions
  @OptionGroup var imageOptions: ImageOptions

  func validate() throws {
    guard paths.count >= 2 else { throw ValidationError("expected a plan and a folder of images") }
    if let limit, limit < 1 {
      throw ValidationError("--limit: expected at least 1, found \(limit)")
    }
    guard (1...LabelImages.mostBatch).contains(batch) else {
      throw ValidationError("--batch: expected 1 to \(LabelImages.mostBatch), found \(batch)")
    }
    guard cascade.fallback == nil || paths.count == 2 else {
      throw ValidationError("--fallback goes with one plan")
    }
  }

  func run() throws {
    let folder = paths[paths.count - 1]
    try NamedFile.check(folder, "DIR")
    if let against { try NamedFile.check(against, "--against") }
    var models = try paths.dropLast().map { path in
      try cascade.model(of: execution.plan(path), maximumBatch: batch, execution)
    }
    let classes = models[0].first.plan.classCount
    if let against {
      models.append(try Model(execution.plan(against), maximumBatch: batch, execution))
    }
    for model in models where model.first.plan.classCount != classes {
      throw InputError(
        file: model.first.plan.path, field: "classes", expected: "\(classes)",
        found: "\(model.first.plan.classCount)")
    }
    let names =
      try labels.map { try LabelFile.read(path: $0, classes: classes) }
      ?? models.lazy.map(\.labels).first { !$0.isEmpty } ?? []
    var contents = try LabelledFolder.contents(
      of: folder, labels: names, classes: classes, note: execution.note)
    if let limit { contents.keep(limit) }
    try files.check(against: contents.images.map(\.path))
    let evaluation = try score(contents, models, folder)
    try CommandLineTool.printLines(json ? evaluation.jsonLines : evaluation.lines)
    try files.write(evaluation.tallies, labels: names)
    if !evaluation.isWhole { throw ExitCode(1) }
  }

  private func score(_ contents: LabelledFolder.Contents, _ models: [Model], _ folder: String)
    throws -> Evaluation
  {
    let images = contents.images
    for model in models { try model.waitUntilVerified() }
    let tested = against == nil ? models : models.dropLast()
    var evaluation = Evaluation(
      tallies: tested.map { model in
        EvaluationTally(model, against: against == nil ? nil : models.last, keeps: files.keeps)
      }, skipped: contents.unknown)
    var progress = ImageProgress(
      images: images.count, isQuiet: execution.quiet, writesToTerminal: false)
    let threads = models[0].first.session.threadCount
    let streams = try ImageStreams(
      images: images.count, batch: batch, threads: threads,
      arenaBytes: models.reduce(0) { $0 + $1.arenaBytes }
    ) { [batch] count in
      count == threads
        ? models : try models.map { try $0.another(maximumBatch: batch, threadCount: count) }
    }
    var clock = Stopwatch()
    try streams.run(images.map(\.path)) {
      [imageOptions, decoding = streams.decoding] models, paths in
      try SeenImage.all(paths, by: models, imageOptions, decoding: decoding)
    } tell: { index, seen in
      defer { progress.add() }
      let image = images[index]
      let found: SeenImage
      switch seen {
      case .success(let image): found = image
      case .failure(let error):
        guard error.kind != .outOfResources else { throw error }
        progress.clear()
        CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
        evaluation.skipped += 1
        return
      }
      let answers = found.answers
      if let problem = answers.lazy.compactMap({ FiniteLogits.problem($0.logits, image.path) })
        .first
      {
        progress.clear()
        CommandLineTool.note("vitrun: \(CommandLineTool.text(problem))")
        evaluation.skipped += 1
        evaluation.isWhole = false
        return
      }
      for place in tested.indices {
        evaluation.tallies[place].add(
          image, answers[place], against: against == nil ? nil : answers.last?.logits,
          milliseconds: found.running[place])
      }
    }
    progress.clear()
    evaluation.seconds = clock.lap() / 1000
    evaluation.streams = streams.count
    guard evaluation.tallies[0].count > 0 else {
      throw InputError(
        file: folder, field: "images", expected: "at least one that can be read", found: "none")
    }
    return evaluation
  }
}
