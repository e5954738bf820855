internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import Tensors
internal import ViTRuntime

struct LabelImages: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Label images (the default), or run a prepared tensor.",
    discussion: """
      vitrun PLAN IMAGE... labels images; a folder stands for the images in it, - for standard \
      input. vitrun PLAN --tensor INPUT.npy --logits OUT.npy runs float32 [n, C, H, W] without \
      preprocessing, or uint8 where the model takes samples from 0 to 255; --features OUT.npy in place of \
      --logits takes what a model without a classifier makes of it. With --fallback, --json says \
      of each image whether that plan has answered, and --visualize draws what the first has done.
      """)

  @Argument(help: "The plan.")
  var plan: String

  @OptionGroup var images: ImageArguments

  @Option(help: "How many classes to print; by default 5.")
  var top: Int?

  @Flag(help: "Print one JSON object an image.")
  var json = false

  @Option(help: "What is written of an image: text, jsonl or csv.")
  var format: RowFormat?

  @Option(
    name: .shortAndLong,
    help: """
      A file for the rows, by default jsonl, or csv where its name ends in .csv. They go to OUTPUT.part until all \
      are there; where no image could be labelled, there is none.
      """)
  var output: String?

  @Flag(help: "Go on with the OUTPUT.part of a run that was ended.")
  var resume = false

  @Option(
    help: """
      Images that a stream runs at once, by default 1; there are as many streams as threads.
      """)
  var batch: Int?

  @Option(help: "Run this array, float32 [n, C, H, W], instead of images; - is standard input.")
  var tensor: String?

  @Option(
    help: """
      Where the logits of --tensor go, float32 [n, classes], before any softmax or sigmoid; - is \
      standard output.
      """)
  var logits: String?

  @Option(
    help: """
      Where the features of --tensor go, float32 [n, width], of a model without a classifier; - is \
      standard output.
      """)
  var features: String?

  @OptionGroup var tokens: TokenOptions

  @Option(help: "Class names to use in place of the plan's.")
  var labels: String?

  @OptionGroup var texts: TextOptions
  @OptionGroup var cascade: CascadeOptions
  @OptionGroup var execution: RunOptions
  @OptionGroup var imageOptions: ImageOptions

  func validate() throws {
    guard logits == nil || features == nil else {
      throw ValidationError("expected --logits or --features, found both")
    }
    guard (tensor == nil) == (logits == nil && features == nil) else {
      throw ValidationError("--tensor and one of --logits and --features go together")
    }
    guard tensor != nil || !images.isEmpty else {
      throw ValidationError("expected images, or --tensor with --logits or --features")
    }
    guard tensor == nil || images.isEmpty else {
      throw ValidationError("expected images or --tensor, found both")
    }
    guard tokens.isEmpty || tensor == nil else {
      throw ValidationError("--visualize and --tokens go with images, not with --tensor")
    }
    guard tokens.tokens == nil || !resume else {
      throw ValidationError("--tokens goes without --resume, as it is written anew")
    }
    guard !resume || output != nil else { throw ValidationError("--resume goes with --output") }
    guard output == nil || !images.images.contains("-") else {
      throw ValidationError("--output: expected files and folders, found - for an image")
    }
    guard tensor == nil || (output == nil && format == nil && !json) else {
      throw ValidationError("--output, --format and --json go with images, not with --tensor")
    }
    guard tensor == nil || (top == nil && batch == nil && imageOptions.areUsual) else {
      throw ValidationError(
        "--top, --batch, --exif and --max-pixels go with images, not with --tensor")
    }
    guard tensor == nil || (labels == nil && texts.textFeatures == nil) else {
      throw ValidationError("--labels and --text-features go with images, not with --tensor")
    }
    guard texts.textFeatures == nil || (cascade.fallback == nil && cascade.margin == nil) else {
      throw ValidationError("--text-features goes without --fallback and --margin")
    }
    guard !json || format == nil else {
      throw ValidationError("expected --json or --format, found both")
    }
    guard output == nil || format != .text else {
      throw ValidationError("--output: expected --format jsonl or csv, found text")
    }
    if let top, top < 1 { throw ValidationError("--top: expected at least 1, found \(top)") }
    if let batch { try Self.checkBatch(batch) }
  }

  /// Throws if a stream cannot run so many images at once.
  static func checkBatch(_ batch: Int) throws {
    guard (1...1024).contains(batch) else {
      throw ValidationError("--batch: expected 1 to 1024, found \(batch)")
    }
  }

  func run() throws {
    let plan = try execution.plan(plan)
    if let visualize = tokens.visualize { try NamedFile.check(visualize, "--visualize") }
    if let tokens = tokens.tokens { try NamedFile.check(tokens, "--tokens") }
    if let output { try NamedFile.check(output, "--output") }
    if let tensor {
      let run = TensorRun(plan: plan, cascade: cascade, options: execution)
      if let logits { return try run.run(tensor, logitsTo: logits) }
      if let features { return try run.run(tensor, featuresTo: features) }
    }
    let model =
      try texts.model(of: plan, maximumBatch: batch ?? 1, execution)
      ?? cascade.model(of: plan, maximumBatch: batch ?? 1, execution)
    let names = try labels.map { try LabelFile.read(path: $0, classes: model.classCount) }
    var failures = 0
    let paths = try images.paths(note: execution.note) { error in
      CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
      failures += 1
    }
    guard !paths.isEmpty else {
      if failures > 0 { throw ExitCode(1) }
      throw images.none()
    }
    let drawings = try tokens.drawings(
      of: paths, plan, named: images.images.first ?? images.filesFrom ?? "",
      beside: [output].compactMap(\.self))
    failures += try label(paths, model, names ?? model.labels, drawings: drawings)
    if failures > 0 { throw ExitCode(1) }
  }

  /// - Returns: how many images could not be labelled; each has been noted.
  private func label(
    _ paths: [String], _ model: Model, _ names: [Label], drawings: [String]
  ) throws -> Int {
    let isCSV = !json && output?.lowercased().hasSuffix(".csv") == true
    let format = format ?? (isCSV ? .csv : json || output != nil ? .jsonl : .text)
    let rows = LabelRows(
      model: model, labels: names, format: format, top: top ?? 5, hasTimes: json && output == nil,
      // As ever: on standard output only a run that asks for rows gets one for what failed.
      hasErrors: output != nil || self.format == .jsonl || format == .csv)
    let file = try output.map {
      try RowFile(
        path: $0, resumes: resume,
        .init(
          plans: [model.plan, model.fallback?.plan].compactMap { $0?.checksum() },
          options: try rows.description(imageOptions, texts), images: paths),
        isFailure: rows.isFailure)
    }
    let found = file?.found ?? 0
    var failures = file?.failures ?? 0
    var labelled = found - failures
    if found > 0 { execution.note("\(found) of \(paths.count) images were labelled before") }
    if file == nil, let title = rows.title { try CommandLineTool.printLine(title) }
    let rest = Array(paths[found...])
    var progress = ImageProgress(
      images: rest.count, isQuiet: execution.quiet, writesToTerminal: file == nil)
    let streams = try ImageStreams(images: rest.count, batch: batch ?? 1, [model])
    var tokenFile = try tokens.tokens.map { try TokenFile(path: $0, model.plan) }
    try streams.run(rest, imageOptions, traces: !tokens.isEmpty) { index, seen in
      let path = rest[index]
      let finite = seen.flatMap { image in
        FiniteLogits.problem(image.answers[0].logits, path).map { .failure($0) } ?? .success(image)
      }
      if case .failure(let error) = finite {
        progress.clear()
        CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
        failures += 1
      }
      switch finite {
      case .success(let image):
        labelled += 1
        guard let drawing = TokenDrawing(image, model.plan) else { break }
        if !drawings.isEmpty { try drawing.write(to: drawings[found + index]) }
        try tokenFile?.add(path, .init("stages", drawing.json))
      case .failure(let error):
        try tokenFile?.add(path, .init("error", .string(CommandLineTool.text(error))))
      }
      let lines = rows.lines(path, finite)
      if let file {
        for line in lines { try file.add(line) }
      } else {
        try CommandLineTool.printLines(lines)
      }
      progress.add()
    }
    progress.clear()
    // Damage is an error even where no image has been seen.
    try model.waitUntilVerified()
    // Of images of which none could be labelled, a wrong folder's for one, nothing is worth an older file.
    guard labelled > 0 else {
      file?.discard()
      return failures
    }
    try tokenFile?.commit()
    try file?.finish(title: rows.title)
    return failures
  }
}
