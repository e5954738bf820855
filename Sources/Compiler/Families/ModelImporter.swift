public import Checkpoints
internal import JSON
package import ModelFacts
package import ModelGraph
package import Tensors

/// What a user can say about a checkpoint; nil leaves the value to its configuration or weights.
public struct ImportOptions: Sendable {
  /// The name of a known architecture.
  public var architecture: String?

  /// A configuration file to use instead of the one beside the checkpoint.
  public var config: Checkpoint.Companion?

  /// transformers' image processor to use instead of the one beside the checkpoint.
  public var preprocessor: Checkpoint.Companion?

  /// The image processor that lies beside ``config``, used where none is named.
  package private(set) var foundPreprocessor: Checkpoint.Companion?

  /// Side of the input image; the position table is resized to it.
  public var imageSize: Int?

  /// Attention heads of a block.
  public var heads: Int?

  /// `gelu`, `gelu_tanh`, `quick_gelu`, `silu` or `relu`.
  public var activation: String?

  /// What the classifier or the features are made of: `token`, `avg`, `max`, `avgmax`, `map`, or `none` without a
  /// classifier.
  public var pooling: String?

  /// LayerNorm's epsilon.
  public var epsilon: Float?

  /// Mean of each channel, R, G, B of an image.
  public var mean: [Float]?

  /// Standard deviation of each channel.
  public var standardDeviation: [Float]?

  /// The centre crop's side as a share of the resized shorter side.
  public var cropFraction: Double?

  /// timm's crop mode: `center`, `squash` or `border`.
  public var cropMode: String?

  /// A filter of Pillow's: `nearest`, `box`, `bilinear`, `hamming`, `bicubic` or `lanczos`.
  public var interpolation: String?

  /// The method that the checkpoint was trained with, or is to run with, to have fewer tokens: `evit`, `dynamicvit`,
  /// `evovit`, `ppt`, `avit`, `asvit`, `ats` or `spvit`.
  public var method: String?

  /// The blocks in which it has fewer, counted from 1, ascending.
  public var methodBlocks: [Int]?

  /// The share of the patch tokens that it keeps in each of them, in (0, 1].
  public var keepRate: Double?

  /// Whether the others become one more token.
  public var fusesTokens: Bool?

  /// How many tokens leave in each of them, at most half of all (PPT).
  public var removedTokens: Int?

  /// The variance of scores below which tokens are pooled (PPT).
  public var varianceThreshold: Double?

  /// Whether attention counts the patches that a token stands for (PPT).
  public var countsSizes: Bool?

  /// The factor on channel 0 in a token's halting value (A-ViT).
  public var gateScale: Double?

  /// What is taken from it (A-ViT).
  public var gateCenter: Double?

  /// Leaves everything open.
  public init() {}

  /// Looks beside a configuration that was named for transformers' image processor, as is done beside a checkpoint.
  package mutating func findPreprocessor(beside config: String) throws {
    foundPreprocessor = try Checkpoint.Companion(imageProcessorBeside: config)
  }

  /// The configurations that an import uses without having been told of them, to be said.
  package func unnamed(of checkpoint: Checkpoint) -> [Checkpoint.Companion] {
    [
      config == nil ? checkpoint.config : nil,
      preprocessor == nil ? processor(of: checkpoint) : nil,
    ]
    .compactMap(\.self)
  }

  fileprivate func processor(of checkpoint: Checkpoint) -> Checkpoint.Companion? {
    preprocessor ?? foundPreprocessor ?? checkpoint.preprocessorConfig
  }
}

/// A checkpoint as a graph.
public struct ImportedModel: Sendable {
  /// The model as the family defines it; nothing is folded yet.
  package var graph: Graph

  /// What the model is, with the source of every value that the weights do not determine.
  package var facts: ModelFacts

  /// How it has fewer tokens; nil if it keeps all of them.
  package let reduction: TrainedReduction?

  /// Where the values came from that the weights do not determine, and what the checkpoint was.
  public let origins: [Origin]

  /// The classes' names from the configuration, or from the plan that an ONNX model was made of, by class; empty if
  /// neither has any.
  public var labels: [String]

  /// What folders of images call the classes, where that is known.
  private let identifiers: [String]

  /// What nothing said and was assumed, with the alternatives.
  public var assumptions: [Assumption]

  /// What the checkpoint says and a user may not expect.
  public var remarks: [Remark]

  init(_ decided: ResolvedModel, origins: [Origin], graph: Graph) {
    self.graph = graph
    facts = decided.facts()
    reduction = decided.reduction
    self.origins = origins
    labels = decided.labels.map(\.name)
    identifiers = decided.labels.map(\.identifier)
    assumptions = decided.assumptions
    remarks = decided.remarks
    recordOrigins(naming: \.name)
  }

  /// The classes' names with their identifiers, which are the names where nothing else is known.
  package var classLabels: [ClassLabel] {
    let known = identifiers.count == labels.count
    return labels.enumerated().map {
      ClassLabel(identifier: known ? identifiers[$0] : $1, name: $1)
    }
  }

  /// Has the plan say where values came from in the caller's names of options.
  package mutating func recordOrigins(naming name: (any InputOption) -> String) {
    facts.provenance = origins.map {
      ProvenanceEntry($0.key, $0.value, from: $0.source.text(naming: name))
    }
  }
}

/// Raises checkpoints to graphs.
public enum ModelImporter {
  /// Recognises the naming scheme of a checkpoint and builds its graph.
  ///
  /// Values that the weights do not determine come from, in this order: `options`, the
  /// configuration, the architecture that it names, the published models whose shapes match. What
  /// nothing says is one of ``ImportedModel/assumptions``, or an error where these models disagree.
  /// - Throws: `InputError` naming every tensor that is missing, unexpected or of another shape, or
  ///   the option that decides a value which nothing else does.
  public static func importModel(_ checkpoint: Checkpoint, options: ImportOptions) throws
    -> ImportedModel
  {
    try options.check()
    // The configuration is read first, so that a refusal says what the model is.
    let config = try ModelConfig(options.config ?? checkpoint.config)
    let processor = try options.processor(of: checkpoint).map {
      try ProcessorConfig($0, fallback: config.processor)
    }
    let named = try NamedArchitecture.find(config, options)
    let reduction = try ReductionResolver(
      ReductionKeys(config, metadata: checkpoint.tokenReduction, of: checkpoint.path),
      names: checkpoint.onnx == nil ? Array(checkpoint.tensors.keys) : [], file: checkpoint.path,
      options)
    if let method = reduction.method, checkpoint.onnx != nil {
      throw InputError(
        .unsupported, file: checkpoint.path, field: "\(method.rawValue)",
        expected: "a checkpoint of weights, as an ONNX model has its tokens as it has them",
        found: "ONNX")
    }
    var tensors =
      try checkpoint.onnx.map {
        try ONNXModelReader.read($0, imageSize: try openExtents(config, options))
      }
      // The methods' authors evaluate the model itself.
      ?? NamingSchemes.translate(checkpoint, readsAverage: reduction.method == nil)
    // open_clip has one name for the last norm, wherever it is.
    if tensors.scheme == OpenCLIPNames.title, let found = config.model("fc_norm"),
      try config.boolean(found)
    {
      tensors.rename("norm.", to: "fc_norm.")
    }
    if reduction.method == .spvit { try SharedPredictors.join(in: &tensors) }
    let decided = try decide(tensors, config, named, processor, reduction, options)
    let exported = tensors.hints.exported
    try exported?.check(decided.facts(), takesOtherSize: options.imageSize != nil)
    let graph = try ViTGraph.build(decided, tensors)
    var model = ImportedModel(
      decided, origins: decided.origins(in: checkpoint) + (exported?.origins ?? []), graph: graph)
    if let exported { model.facts.defaultSelectionBlocks = exported.facts.defaultSelectionBlocks }
    return model
  }

  /// The image's extents for a graph that leaves them open.
  private static func openExtents(_ config: ModelConfig, _ options: ImportOptions) throws
    -> (height: Int, width: Int)?
  {
    if let side = options.imageSize { return (side, side) }
    if let found = config.model("img_size", "image_size") { return try config.extents(found) }
    return try config.inputExtents().map { ($0.height, $0.width) }
  }

  /// Builds the graph of tensors that may come from anywhere; the facts name no source.
  package static func importModel(_ tensors: TensorSet, options: ImportOptions) throws
    -> ImportedModel
  {
    let config = try ModelConfig(options.config)
    let processor = try options.preprocessor.map {
      try ProcessorConfig($0, fallback: config.processor)
    }
    let reduction = try ReductionResolver(
      ReductionKeys(config, metadata: nil, of: tensors.file), names: tensors.tensors.keys,
      file: tensors.file, options)
    var tensors = tensors
    if reduction.method == .spvit { try SharedPredictors.join(in: &tensors) }
    let decided = try decide(
      tensors, config, try NamedArchitecture.find(config, options), processor, reduction, options)
    return ImportedModel(
      decided, origins: decided.provenance, graph: try ViTGraph.build(decided, tensors))
  }

  private static func decide(
    _ tensors: TensorSet, _ config: ModelConfig, _ named: NamedArchitecture?,
    _ processor: ProcessorConfig?, _ reduction: ReductionResolver, _ options: ImportOptions
  ) throws -> ResolvedModel {
    let resolver = try ConfigResolver(
      tensors: tensors, config: config, named: named, processor: processor, reduction: reduction,
      options: options)
    return try resolver.resolve()
  }
}
