internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import Tensors
internal import ViTRuntime

struct LabelImages: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label",
    abstract: "Label images (the default), or run a prepared tensor.",
    discussion: """
      vitrun PLAN IMAGE... labels images; a folder stands for the images in it, - for standard \
      input. vitrun PLAN --tensor INPUT.npy --logits OUT.npy runs float32 [n, 3, H, W] without \
      preprocessing, or uint8 where the model takes samples from 0 to 255. With --fallback, --json says \
      of each image whether that plan has answered, and --visualize draws what the first has done.
      """)

  @Argument(help: "The plan.")
  var plan: String

  @Argument(help: "Images and folders of images.")
  var images: [String] = []

  @Option(help: "How many classes to print.")
  var top = 5

  @Flag(help: "Print one JSON object an image.")
  var json = false

  @Option(help: "Run this array, float32 [n, 3, H, W], instead of images; - is standard input.")
  var tensor: String?

  @Option(
    help: """
      Where the logits of --tensor go, float32 [n, classes], before any softmax or sigmoid; - is \
      standard output.
      """)
  var logits: String?

  @Option(help: "Draw which tokens were merged, as PNG: the image, then a panel a stage.")
  var visualize: String?

  @OptionGroup var cascade: CascadeOptions
  @OptionGroup var execution: RunOptions
  @OptionGroup var imageOptions: ImageOptions

  func validate() throws {
    guard (tensor == nil) == (logits == nil) else {
      throw ValidationError("--tensor and --logits go together")
    }
    guard tensor != nil || !images.isEmpty else {
      throw ValidationError("expected images, or --tensor with --logits")
    }
    guard tensor == nil || images.isEmpty else {
      throw ValidationError("expected images or --tensor, found both")
    }
    guard visualize == nil || (tensor == nil && images.count == 1) else {
      throw ValidationError("--visualize goes with one image")
    }
    guard top >= 1 else { throw ValidationError("--top: expected at least 1, found \(top)") }
  }

  func run() throws {
    let plan = try execution.plan(plan)
    if let visualize { try NamedFile.check(visualize, "--visualize") }
    if let tensor, let logits {
      return try TensorRun(plan: plan, cascade: cascade, options: execution)
        .run(tensor, logitsTo: logits)
    }
    let model = try cascade.model(of: plan, maximumBatch: 1, execution)
    var failures = 0
    /// What is wrong with one image concerns no other.
    func attempt<R>(_ body: () throws -> R) throws -> R? {
      do {
        return try body()
      } catch let error as InputError {
        CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
        failures += 1
        return nil
      }
    }
    for argument in images {
      let paths = try attempt { try ImageList.expand(argument, note: execution.note) } ?? []
      guard visualize == nil || paths.count <= 1 else {
        throw InputError(
          file: argument, field: "--visualize", expected: "one image", found: "\(paths.count)")
      }
      for path in paths {
        let image = try attempt {
          try model.first.prepare(path, imageOptions)
        }
        if let image, try !label(path, image, model) { failures += 1 }
      }
    }
    if failures > 0 { throw ExitCode(1) }
  }

  /// - Returns: whether there are probabilities; if not, that has been said.
  private func label(_ path: String, _ image: Preprocessing.Preparation, _ model: Model) throws
    -> Bool
  {
    try model.waitUntilVerified()
    var stages: [StageTrace] = []
    var clock = Stopwatch()
    let answer = try model.answers(to: [image.crop]) {
      if visualize != nil { stages = try $0.stages(image: 0) }
    }[0]
    let logits = answer.logits
    let milliseconds = clock.lap()
    if let error = FiniteLogits.problem(logits, path) {
      CommandLineTool.note("vitrun: \(CommandLineTool.text(error))")
      return false
    }
    if let visualize { try draw(stages, over: image.crop, model.first.plan, to: visualize) }
    let ranking = Ranking(logits, by: model.first.plan.scores, count: top)
    guard json else {
      let lines = ranking.top.map { index, probability in
        "  \(Figures.fixed(probability, 4))  \(model.label(index))"
      }
      try CommandLineTool.printLines([path] + lines)
      return true
    }
    let top: [JSONValue] = ranking.top.map {
      [
        "class": .init($0.index), "label": .string(model.label($0.index)),
        "probability": .init($0.probability),
      ]
    }
    var members = ImageName(path: path).members + [.init("top", .array(top))]
    if model.fallback != nil { members.append(.init("fallback", .bool(answer.isFallback))) }
    members.append(
      .init(
        "ms",
        [
          "decode": .init(image.decoding),
          "preprocess": .init(image.resizing), "model": .init(milliseconds),
        ]))
    try CommandLineTool.printLine(JSONValue.object(members).text())
    return true
  }

  private func draw(_ stages: [StageTrace], over crop: RGBImage, _ plan: Plan, to path: String)
    throws
  {
    guard !stages.isEmpty else {
      throw InputError(
        file: plan.path, field: "--visualize",
        expected: "a plan that reduces tokens, as vitc rewrite --keep makes", found: "none")
    }
    let (height, width) = (plan.facts.gridHeight, plan.facts.gridWidth)
    let maps = TokenOwners.trace(stages, patches: height * width).map(TokenMap.init)
    let drawing = TokenMapDrawing()
      .draw(crop: crop, gridHeight: height, gridWidth: width, maps: maps)
    try PNGEncoder.write(drawing, to: path)
  }
}
