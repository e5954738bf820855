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
      on the same images and make a table. For models without a classifier it tells how often the five \
      nearest other images, by the cosine of their features, vote for an image's own class.
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

  @OptionGroup var texts: TextOptions
  @OptionGroup var cascade: CascadeOptions
  @OptionGroup var execution: RunOptions
  @OptionGroup var imageOptions: ImageOptions

  func validate() throws {
    guard paths.count >= 2 else { throw ValidationError("expected a plan and a folder of images") }
    if let limit, limit < 1 {
      throw ValidationError("--limit: expected at least 1, found \(limit)")
    }
    try LabelImages.checkBatch(batch)
    guard texts.textFeatures == nil || (cascade.fallback == nil && cascade.margin == nil) else {
      throw ValidationError("--text-features goes without --fallback and --margin")
    }
    guard cascade.fallback == nil || paths.count == 2 else {
      throw ValidationError("--fallback goes with one plan")
    }
  }

  func run() throws {
    let folder = paths[paths.count - 1]
    try NamedFile.check(folder, "DIR")
    if let against { try NamedFile.check(against, "--against") }
    let plans = try paths.dropLast().map { try execution.plan($0) }
    if texts.textFeatures == nil, plans.allSatisfy({ $0.classCount == 0 }) {
      return try scoreFeatures(plans, folder)
    }
    func model(_ plan: Plan) throws -> Model {
      try texts.model(of: plan, maximumBatch: batch, execution)
        ?? cascade.model(of: plan, maximumBatch: batch, execution)
    }
    var models = try plans.map(model)
    let classes = models[0].classCount
    if let against {
      let other = try execution.plan(against)
      models.append(
        try texts.model(of: other, maximumBatch: batch, execution)
          ?? Model(other, maximumBatch: batch, execution))
    }
    for model in models where model.classCount != classes {
      throw InputError(
        file: model.plan.path, field: "classes", expected: "\(classes)",
        found: "\(model.classCount)")
    }
    let names =
      try labels.map { try LabelFile.read(path: $0, classes: classes) }
      ?? models.lazy.map(\.labels).first { !$0.isEmpty } ?? []
    var contents = try LabelledFolder.contents(
      of: folder, labels: names, classes: classes, remedy: "--labels"
    ) { execution.note("\(CommandLineTool.text($0)); skipped") }
    try files.check(against: ImageList.images(below: folder))
    try ImageList.noteUnread(below: folder, execution.note)
    if let limit { contents.keep(limit) }
    let evaluation = try score(contents, models, folder)
    try CommandLineTool.printLines(json ? evaluation.jsonLines : evaluation.lines)
    try files.write(evaluation.tallies, labels: names)
    if !evaluation.isWhole { throw ExitCode(1) }
  }

  /// Of models without a classifier.
  private func scoreFeatures(_ plans: [Plan], _ folder: String) throws {
    guard labels == nil, cascade.fallback == nil, cascade.margin == nil, !files.keeps else {
      throw InputError(
        file: plans[0].path, field: "classes",
        expected: "a classifier, for --labels, --fallback, --margin, --per-class, --confusion and "
          + "--predictions",
        found: "none")
    }
    let compared = try against.map { [try execution.plan($0)] } ?? []
    let models = try (plans + compared).map {
      try Embedder($0, maximumBatch: batch, execution)
    }
    let outcome = try FeatureEvaluation(
      folder: folder, options: imageOptions, execution: execution, batch: batch
    ).run(models, comparesLast: !compared.isEmpty, limit: limit)
    try CommandLineTool.printLines(json ? outcome.jsonLines : outcome.lines)
    if !outcome.isWhole { throw ExitCode(1) }
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
    let streams = try ImageStreams(images: images.count, batch: batch, models)
    var clock = Stopwatch()
    try streams.run(images.map(\.path), imageOptions) { index, seen in
      defer { progress.add() }
      let image = images[index]
      let found: SeenImage<Cascade.Answer>
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
