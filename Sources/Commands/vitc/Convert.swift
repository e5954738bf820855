internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import ViTCompiler

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert a checkpoint to a plan.",
    discussion: """
      CHECKPOINT is a safetensors file, the *.index.json of a sharded one, a NumPy archive (.npz), an \
      ONNX model, or a folder that holds a checkpoint and its configuration. config.json and \
      processor_config.json or preprocessor_config.json beside the checkpoint are used.
      """)

  @Argument(help: "The checkpoint.")
  var checkpoint: String

  @Option(name: .shortAndLong, help: "The plan to write.")
  var output: String

  @Option(help: "A configuration to use instead of the config.json beside the checkpoint.")
  var config: String?

  @Option(help: "An image processor to use instead of the one beside it.")
  var preprocessor: String?

  @Option(help: "The architecture; see 'vitc architectures'.")
  var arch: String?

  @Option(help: "Attention heads of a block.")
  var heads: Int?

  @Option(help: "Activation of the FFN: gelu, gelu_tanh, quick_gelu, silu or relu.")
  var activation: String?

  @Option(
    help: """
      What the classifier or the features are made of: token, avg, max, avgmax, map, or none without a \
      classifier.
      """)
  var pooling: String?

  @Option(help: "LayerNorm's epsilon.")
  var eps: Float?

  @Option(help: "Class names: lines index<TAB>identifier<TAB>name, or one name a line.")
  var labels: String?

  @Option(
    help: """
      Side of the input image in pixels; positions are resized to it, or an ONNX model that leaves \
      its size open is read for it.
      """)
  var imageSize: Int?

  @Option(
    help: """
      How the weights of products are stored; arithmetic is f32, but for int8, which multiplies rows that are \
      quantized as they come. With int8 the head and a stem's convolutions stay f32, and attention multiplies integers \
      too; see 'vitc quantize'.
      """)
  var weights = WeightType.f32

  @Option(help: "Mean of each channel after scaling to [0, 1], R,G,B of an image.")
  var mean: ChannelNumbers?

  @Option(help: "Standard deviation of each channel.")
  var std: ChannelNumbers?

  @Option(help: "The crop's side as a share of the resized side.")
  var cropPct: Double?

  @Option(
    help: "Aspect ratio: center keeps it and cuts, squash does not, border keeps it and pads.")
  var cropMode: String?

  @Option(help: "Resize filter: nearest, box, bilinear, hamming, bicubic or lanczos.")
  var interpolation: String?

  @Option(
    help: """
      The method that the checkpoint was trained with, or is to run with, to have fewer tokens: evit, dynamicvit, \
      evovit, ppt, avit, asvit, ats or spvit. dynamicvit, evovit, asvit and spvit are known by their tensors; of \
      pickles that tools/pth_to_safetensors.py converted so are evit, avit and ppt, with what goes with them, where their training \
      left its options there.
      """)
  var method: String?

  @Option(help: "Blocks, counted from 1, in which the method has fewer tokens.")
  var layers: NumberList<Int>?

  @Option(help: "Share of patch tokens that the method keeps in each of them, in (0, 1].")
  var keep: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Whether the other tokens become one more token, as the checkpoint was trained.")
  var fuse: Bool?

  @Option(help: "How many tokens leave in each of them, at most half of all; for ppt.")
  var remove: Int?

  @Option(help: "The variance of scores below which tokens are pooled; for ppt.")
  var threshold: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Whether attention counts the patches that a token stands for; for ppt.")
  var sizeAware: Bool?

  @Option(help: "The factor on channel 0 of a token in its halting value; for avit.")
  var gateScale: Double?

  @Option(help: "What is taken from it before the sigmoid; for avit.")
  var gateCenter: Double?

  @Flag(help: "Write no notes.")
  var quiet = false

  func run() throws {
    for (path, name) in [
      (checkpoint, "CHECKPOINT"), (output, "--output"), (config, "--config"),
      (preprocessor, "--preprocessor"),
    ] {
      if let path { try NamedFile.check(path, name) }
    }
    let checkpoint = try Checkpoint.open(checkpoint)
    let options = try options()
    var model = try ModelImporter.importModel(checkpoint, options: options)
    model.recordOrigins(naming: CommandLineTool.flag)
    let names =
      try labels.map { try LabelFile.read(path: $0, classes: model.facts.classes) }
      ?? model.classLabels
    let nonFinite = try PlanCompiler.convert(
      model, of: checkpoint, labels: names, source: labels ?? "labels",
      weights: weights.element, to: output)
    if quiet { return }
    for weight in nonFinite { CommandLineTool.note("vitc: note: \(checkpoint.path): \(weight)") }
    try report(model, checkpoint, options)
  }

  private func options() throws -> ImportOptions {
    var options = ImportOptions()
    options.architecture = arch
    options.imageSize = imageSize
    options.heads = heads
    options.activation = activation
    options.pooling = pooling
    options.epsilon = eps
    options.cropMode = cropMode
    options.mean = mean?.values
    options.standardDeviation = std?.values
    options.interpolation = interpolation
    options.cropFraction = cropPct
    options.method = method
    options.methodBlocks = layers?.values
    options.keepRate = keep
    options.fusesTokens = fuse
    options.removedTokens = remove
    options.varianceThreshold = threshold
    options.countsSizes = sizeAware
    options.gateScale = gateScale
    options.gateCenter = gateCenter
    if let config {
      options.config = try Checkpoint.Companion(readingFrom: config)
    }
    options.preprocessor = try preprocessor.map(Checkpoint.Companion.init(readingFrom:))
    if let config { try options.findPreprocessor(beside: config) }
    return options
  }

  private func report(
    _ model: ImportedModel, _ checkpoint: Checkpoint, _ options: ImportOptions
  ) throws {
    for companion in options.unnamed(of: checkpoint) {
      CommandLineTool.note("vitc: using \(companion.path)")
    }
    for remark in model.remarks {
      CommandLineTool.note("vitc: note: \(CommandLineTool.text(remark.message))")
    }
    for assumption in model.assumptions {
      CommandLineTool.note("vitc: note: \(CommandLineTool.text(assumption.message))")
    }
    let facts = model.facts
    let millions = Figures.fixed(Double(model.graph.parameterCount) / 1e6, 3)
    var multiplyAdds = model.graph.multiplyAdds
    if model.reduction != nil {
      let plan = try PlanFile(path: output)
      multiplyAdds = try PlanCompiler.model(of: plan, recipe: plan.recipe).multiplyAdds
    }
    let giga = Figures.fixed(Double(multiplyAdds) / 1e9, 3)
    CommandLineTool.note(
      "vitc: \(output): \(facts.architecture), \(millions) M parameters, \(giga) GMACs")
  }
}

/// How weights are stored.
enum WeightType: String, ExpressibleByArgument, CaseIterable {
  case f32, f16, int8

  var element: PlanCompiler.WeightStorage {
    switch self {
    case .f32: .float32
    case .f16: .float16
    case .int8: .int8
    }
  }
}

/// A number for each channel, separated by commas.
struct ChannelNumbers: ExpressibleByArgument {
  let values: [Float]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = parts.compactMap { Float($0) }.filter(\.isFinite)
    guard !parts.isEmpty, values.count == parts.count else { return nil }
  }
}
