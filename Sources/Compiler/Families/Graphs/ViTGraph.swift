internal import ModelFacts
internal import ModelGraph
internal import Tensors

/// Builds a family's graph from checked tensors, as the family's authors define it (method, base
/// models): nothing is folded or fused here.
struct ViTGraph {
  let config: ViTConfig
  let tensors: TensorSet
  var graph = Graph()

  /// Of all blocks, where these have one.
  var rotaryTable: ConstantID?

  /// Of all blocks, where these have no table of relative positions of their own.
  var relativeTable: ConstantID?

  /// The graph of a model, and beside it what a rewrite may read.
  /// - Throws: `InputError` if a value that the checkpoint gives suits no graph.
  static func build(_ model: ResolvedModel, _ tensors: TensorSet) throws -> Graph {
    var builder = ViTGraph(config: model.target, tensors: tensors)
    let positions = try PositionTable.constant(model, tensors)
    try InputError.wrappingGraphErrors(of: tensors.file) {
      try builder.build(positions: positions)
    }
    for name in tensors.tensors.keys.sorted() where Graph.carries(name) {
      _ = try builder.constant(name)
    }
    for (name, value) in model.reduction?.settings ?? [] {
      _ = builder.graph.add(MethodConstants.setting(name, value))
    }
    return builder.graph
  }

  private init(config: ViTConfig, tensors: TensorSet) {
    self.config = config
    self.tensors = tensors
  }

  private mutating func build(positions: Constant?) throws {
    let image = InputImage(
      channels: config.channels, height: config.imageHeight, width: config.imageWidth)
    var tokens = try graph.add(.image(image))
    tokens = try config.family == .lvvit ? stem(tokens) : patches(tokens)
    tokens = try graph.add(.flatten, tokens)
    if config.hasPatchNorm { tokens = try norm("patch_embed.norm", tokens) }
    let prefix = try prefixRows().map { graph.add($0) }
    if !config.hasPatchOnlyPositions, let prefix {
      tokens = try graph.add(.prepend(Prepend(prefix)), tokens)
    }
    if let positions {
      tokens = try graph.add(.addPositions(AddPositions(graph.add(positions))), tokens)
    }
    if config.hasPatchOnlyPositions, let prefix {
      tokens = try graph.add(.prepend(Prepend(prefix)), tokens)
    }
    if config.hasPreNorm { tokens = try norm("norm_pre", tokens) }
    for block in 0..<config.depth { tokens = try self.block(block, tokens) }
    if config.hasFinalNorm { tokens = try norm("norm", tokens) }
    graph.outputs = try outputs(of: tokens)
  }

  // MARK: - Constants

  mutating func constant(
    _ name: String, isTrained: Bool = true, arranged order: RowOrder? = nil
  ) throws -> ConstantID {
    let constant = try tensors.constant(name, isTrained: isTrained)
    return graph.add(order.map { $0.arranging(constant) } ?? constant)
  }

  /// The tokens in front of the patch tokens, as rows; nil if there are none.
  private func prefixRows() throws -> Constant? {
    let width = config.embedDim
    var tokens: [Constant] = []
    for (name, count) in [
      ("cls_token", config.hasClassToken ? 1 : 0),
      ("dist_token", config.hasDistillationToken ? 1 : 0), ("reg_token", config.registerTokens),
    ] where count > 0 {
      tokens.append(try tensors.constant(name, shape: [count, width]))
    }
    guard tokens.count > 1 else { return tokens.first }
    let parts = tokens
    return Constant(
      name: parts.map(\.name).joined(separator: "|"), shape: [config.prefixTokens, width]
    ) { try parts.flatMap { try $0.values() } }
  }

  // MARK: - Parts

  private mutating func patches(_ image: ValueID) throws -> ValueID {
    var convolution = Convolution()
    convolution.weight = try constant("patch_embed.proj.weight")
    if config.hasPatchBias { convolution.bias = try constant("patch_embed.proj.bias") }
    convolution.cutPatches(height: config.patchHeight, width: config.patchWidth)
    convolution.outputs = config.embedDim
    return try graph.add(.convolution(convolution), image)
  }

  private mutating func stem(_ image: ValueID) throws -> ValueID {
    var map = image
    for (index, kernel) in [(1, 7), (2, 3), (3, 3)] {
      var convolution = Convolution()
      convolution.weight = try constant("patch_embed.conv\(index).weight")
      (convolution.kernelHeight, convolution.kernelWidth) = (kernel, kernel)
      (convolution.stride, convolution.padding) = (index == 1 ? 2 : 1, kernel / 2)
      convolution.outputs = config.stemChannels
      if !config.hasStemNorms {
        convolution.bias = try constant("patch_embed.conv\(index).bias")
      }
      map = try graph.add(.convolution(convolution), map)
      if config.hasStemNorms { map = try batchNorm("patch_embed.bn\(index)", map) }
      map = try graph.add(.activation(ActivationNode(.relu)), map)
    }
    var convolution = Convolution()
    convolution.weight = try constant("patch_embed.proj.weight")
    convolution.bias = try constant("patch_embed.proj.bias")
    convolution.cutPatches(height: config.patchHeight / 2, width: config.patchWidth / 2)
    convolution.outputs = config.embedDim
    return try graph.add(.convolution(convolution), map)
  }

  private mutating func batchNorm(_ name: String, _ map: ValueID) throws -> ValueID {
    var norm = BatchNorm()
    norm.weight = try constant("\(name).weight")
    norm.bias = try constant("\(name).bias")
    norm.mean = try constant("\(name).running_mean", isTrained: false)
    norm.variance = try constant("\(name).running_var", isTrained: false)
    norm.epsilon = ViTConfig.stemEpsilon
    return try graph.add(.batchNorm(norm), map)
  }

  mutating func norm(_ name: String, _ value: ValueID, block: Int? = nil) throws -> ValueID {
    guard config.hasRMSNorms else {
      return try graph.add(.layerNorm(try normConstants(name)), value, block: block)
    }
    let norm = RMSNorm(weight: try constant("\(name).weight"), epsilon: config.epsilon)
    return try graph.add(.rmsNorm(norm), value, block: block)
  }

  mutating func normConstants(_ name: String, arranged order: RowOrder? = nil) throws -> Norm {
    Norm(
      weight: try constant("\(name).weight", arranged: order),
      bias: try constant("\(name).bias", arranged: order), epsilon: config.epsilon)
  }

  mutating func linear(
    _ name: String, _ value: ValueID, block: Int? = nil, hasBias: Bool = true,
    arranged order: RowOrder? = nil
  ) throws -> ValueID {
    let weight = try constant("\(name).weight", arranged: order)
    let linear = Linear(
      weight: weight, bias: hasBias ? try constant("\(name).bias", arranged: order) : nil)
    return try graph.add(.linear(linear), value, block: block)
  }

  private mutating func block(_ index: Int, _ tokens: ValueID) throws -> ValueID {
    let name = "blocks.\(index)"
    var branch = try normalised("\(name).norm1", tokens, block: index) { builder, rows in
      try builder.attention(name, rows, block: index)
    }
    let attended = try residual("\(name).ls1", tokens, branch, block: index)
    branch = try normalised("\(name).norm2", attended, block: index) { builder, rows in
      try builder.feedForward(name, rows, block: index)
    }
    return try residual("\(name).ls2", attended, branch, block: index)
  }

  /// A branch of a block with its norm, in front of it or behind.
  private mutating func normalised(
    _ name: String, _ tokens: ValueID, block: Int,
    branch: (inout ViTGraph, ValueID) throws -> ValueID
  ) throws -> ValueID {
    guard config.hasPostNorms else {
      let rows = try norm(name, tokens, block: block)
      return try branch(&self, rows)
    }
    let rows = try branch(&self, tokens)
    return try norm(name, rows, block: block)
  }

  private mutating func feedForward(
    _ name: String, _ tokens: ValueID, block: Int
  ) throws -> ValueID {
    let hasBias = config.hasFFNBias
    var rows = try linear(
      "\(name).mlp.fc1", tokens, block: block, hasBias: hasBias,
      arranged: config.hasGatesLast ? .exchangingHalves(of: 2 * config.hiddenDim) : nil)
    let activation = config.activation
    rows = try graph.add(
      config.isGated
        ? .gatedActivation(GatedActivation(activation)) : .activation(ActivationNode(activation)),
      rows, block: block)
    if config.hasInnerNorm { rows = try norm("\(name).mlp.norm", rows, block: block) }
    return try linear("\(name).mlp.fc2", rows, block: block, hasBias: hasBias)
  }

  private mutating func residual(
    _ scaleName: String, _ stream: ValueID, _ branch: ValueID, block: Int
  ) throws -> ValueID {
    var branch = branch
    if config.hasLayerScale {
      let gamma = try constant("\(scaleName).gamma")
      branch = try graph.add(.scaleColumns(ScaleColumns(gamma)), branch, block: block)
    }
    if config.skipLambda != 1 {
      branch = try graph.add(.scale(Scale(1 / config.skipLambda)), branch, block: block)
    }
    return try graph.add(.add, stream, branch, block: block)
  }
}
