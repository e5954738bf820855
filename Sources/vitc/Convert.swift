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
      preprocessor_config.json beside the checkpoint are used.
      """)

  @Argument(help: "The checkpoint.")
  var checkpoint: String

  @Option(name: .shortAndLong, help: "The plan to write.")
  var output: String

  @Option(help: "A configuration to use instead of the one beside the checkpoint.")
  var config: String?

  @Option(help: "The architecture; see 'vitc architectures'.")
  var arch: String?

  @Option(help: "Class names: lines index<TAB>identifier<TAB>name, or one name a line.")
  var labels: String?

  @Option(help: "Side of the input picture in pixels; positions are resized to it.")
  var imageSize: Int?

  @Option(help: "How the weights of products are stored; arithmetic is always f32.")
  var weights = WeightType.f32

  @Option(help: "Mean of the channels R,G,B after scaling to [0, 1].")
  var mean: Triple?

  @Option(help: "Standard deviation of the channels R,G,B.")
  var std: Triple?

  @Option(help: "The centre crop's side as a share of the resized shorter side.")
  var cropPct: Double?

  @Option(help: "Resize filter: bicubic or bilinear.")
  var interpolation: String?

  @Flag(help: "Write no notes.")
  var quiet = false

  func run() throws {
    let checkpoint = try Checkpoint.open(checkpoint)
    let model = try ModelImporter.importModel(checkpoint, options: try options())
    let names =
      try labels.map(LabelFile.read)
      ?? model.labels.map { Label(identifier: $0, name: $0) }
    try PlanCompiler.convert(
      model, of: checkpoint, labels: names, source: labels ?? "labels",
      weights: weights == .f32 ? .float32 : .float16, to: output)
    if !quiet { report(model, checkpoint) }
  }

  private func options() throws -> ImportOptions {
    var options = ImportOptions()
    options.architecture = arch
    options.imageSize = imageSize
    options.mean = mean?.values
    options.standardDeviation = std?.values
    options.interpolation = interpolation
    if let cropPct {
      guard cropPct > 0.05, cropPct <= 1 else {
        throw InputError(
          file: "--crop-pct", field: "value", expected: "a share in (0.05, 1]", found: "\(cropPct)")
      }
      options.cropFraction = cropPct
    }
    if let std, !std.values.allSatisfy({ $0 > 0 }) {
      throw InputError(
        file: "--std", field: "value", expected: "positive numbers", found: "\(std.values)")
    }
    if let config {
      let file = try MappedFile(path: config)
      let json = try file.withBytes { try JSONParser.parse($0, file: config) }
      options.config = Checkpoint.Companion(path: config, json: json)
    }
    return options
  }

  private func report(_ model: ImportedModel, _ checkpoint: Checkpoint) {
    for companion in [checkpoint.config, checkpoint.preprocessorConfig].compactMap(\.self)
    where config == nil {
      CommandLineTool.note("vitc: using \(companion.path)")
    }
    let facts = model.facts
    let millions = Figures.fixed(Double(model.graph.parameterCount) / 1e6, 3)
    let giga = Figures.fixed(Double(model.graph.multiplyAdds) / 1e9, 3)
    CommandLineTool.note(
      "vitc: \(output): \(facts.architecture), \(millions) M parameters, \(giga) GMACs")
  }
}

/// How weights are stored.
enum WeightType: String, ExpressibleByArgument, CaseIterable {
  case f32, f16
}

/// Three numbers, separated by commas.
struct Triple: ExpressibleByArgument {
  let values: [Float]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = parts.compactMap { Float($0) }.filter(\.isFinite)
    guard parts.count == 3, values.count == 3 else { return nil }
  }
}
