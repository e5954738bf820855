internal import Checkpoints
internal import ModelFacts
internal import Tensors

/// Raises an ONNX graph: finds every weight by its position, and heads, epsilon, scale and skip
/// factors by what the graph computes.
struct ONNXModelReader {
  /// What tensors of a graph are named by.
  static let scheme = "the ONNX graph (by position)"

  private let tracer: Tracer
  private var tensors: [String: NamedTensor] = [:]

  /// The graph's weights under timm's names, with what the graph tells besides.
  ///
  /// - Parameter imageSize: the image's extents where the file leaves them open.
  static func read(_ model: ONNXModel, imageSize: (height: Int, width: Int)?) throws -> TensorSet {
    // First, so that a rewritten model is refused as one.
    let exported = try ExportedModel(model)
    let tracer = try Tracer(model, imageSize: imageSize)
    guard let output = tracer.output else {
      throw InputError(file: model.file, field: "outputs", expected: "logits", found: "none")
    }
    let reader = TermReader(terms: tracer.terms)
    do {
      let ending = EndingReader(reader: reader).read(output)
      let head = try HeadReader(reader: reader).read(ending.logits)
      let (blocks, start) = try BlockReader(reader: reader).blocks(endingAt: head.norm.input)
      let embedding = try EmbeddingReader(reader: reader).read(start)
      var raised = ONNXModelReader(tracer: tracer)
      return try raised.assemble(ending, head, blocks, embedding, exported)
    } catch let mismatch as Mismatch {
      throw tracer.fail(at: tracer.terms[mismatch.term].node, mismatch.expected, mismatch.found)
    }
  }

  private init(tracer: Tracer) { self.tracer = tracer }

  private mutating func assemble(
    _ ending: EndingReader.Found, _ head: HeadReader.Found, _ blocks: [BlockReader.Block],
    _ embedding: EmbeddingReader.Found, _ exported: ExportedModel?
  ) throws -> TensorSet {
    try addEmbedding(embedding)
    for (index, block) in blocks.enumerated() { try add(block, "blocks.\(index)") }
    norm(head.norm, "norm")
    linear(head.head, "head")
    if let second = head.second { linear(second, "head_dist") }
    if let auxiliary = head.auxiliary { linear(auxiliary, "aux_head") }
    var hints = ModelHints()
    hints.pooling = .init(value: .token, source: "the ONNX graph")
    hints.imageSize = (tracer.input.height, tracer.input.width)
    let source = "the ONNX graph"
    let norms = [head.norm] + blocks.flatMap { [$0.attended.norm, $0.feedForward.norm] }
    hints.epsilon = .init(
      value: try one(norms.map { Self.rounded($0.epsilon) }, "epsilon of the norms"),
      source: source)
    let heads = try one(blocks.map(\.attended.attention.heads), "number of heads")
    hints.heads = .init(value: heads, source: source)
    let factors = blocks.flatMap { [$0.attended.ending.factor, $0.feedForward.ending.factor] }
    hints.skipLambda = .init(
      value: try one(factors.map(Self.skip), "factor of the branches"), source: source)
    hints.activation = .init(value: try activation(blocks), source: source)
    let scale = try one(blocks.map { Float($0.attended.attention.scale) }, "scale of attention")
    let usual = 1 / (Double(head.norm.weight.layout.elementCount) / Double(heads)).squareRoot()
    // Exporters compute the scale in several steps and types; only another scale is worth keeping.
    if abs(Double(scale) - usual) > 1e-5 * usual {
      hints.attentionScale = .init(value: scale, source: source)
    }
    hints.exported = exported
    hints.textComparison = exported?.facts.details.textComparison
    hints.scores = exported.map { .init(value: $0.facts.scores, source: ExportedModel.source) }
    describe(tracer.input, ending, &hints)
    hints.normalisation = try GraphNormalisation(
      embedding.input, isBytes: tracer.input.isBytes, file: tracer.graph.file)
    return TensorSet(
      file: tracer.graph.file, tensors: tensors, scheme: Self.scheme,
      hints: hints)
  }

  /// How what is given and what is computed differ from the plan's.
  private func describe(
    _ input: TracedInput, _ ending: EndingReader.Found, _ hints: inout ModelHints
  ) {
    let source = "the ONNX graph"
    if input.batch > 1, !input.hasOpenBatch {
      hints.details.append(
        ("batch", .init(value: "1", source: "\(source), whose batch is \(input.batch)")))
    }
    if input.isChannelsLast {
      hints.remarks.append(
        Remark(
          file: tracer.graph.file, key: "input",
          text:
            "the graph takes channels last, the plan (and \(option: .tensor)) [n, \(input.channels), "
            + "\(input.height), \(input.width)]"))
    }
    guard let scores = ending.scores else { return }
    hints.scores = .init(value: scores, source: "\(source), which ends in \(ending.word)")
    hints.remarks.append(
      Remark(
        file: tracer.graph.file, key: "logits",
        text: "the graph ends in \(ending.word); logits are the values before it, probabilities "
          + "their \(scores.word)"))
  }

  // MARK: - Parts

  private mutating func addEmbedding(_ embedding: EmbeddingReader.Found) throws {
    let width = embedding.projection.weight.shape[0]
    for (name, row) in zip(["cls_token", "dist_token"], embedding.prefix) {
      tensors[name] = row.tensor(shape: [1, 1, width])
    }
    guard ModelFacts.prefixCounts.contains(embedding.prefix.count) else {
      throw InputError(
        file: tracer.graph.file, field: "tokens",
        expected: "a class token and at most a distillation token in front of the patches",
        found: "\(embedding.prefix.count) rows")
    }
    let positions = embedding.positions.layout.elementCount
    guard width > 0, positions % width == 0 else {
      throw InputError(
        file: tracer.graph.file, field: embedding.positions.storage.name,
        expected: "positions of width \(width)", found: "\(embedding.positions.shape)")
    }
    tensors["pos_embed"] = embedding.positions.tensor(shape: [1, positions / width, width])
    stage(embedding.projection, "patch_embed.proj", "")
    for (index, stage) in embedding.stem.enumerated() {
      self.stage(stage, "patch_embed.conv\(index + 1)", "patch_embed.bn\(index + 1)")
      if let epsilon = stage.norm?.epsilon, Self.rounded(epsilon) != ViTConfig.stemEpsilon {
        throw InputError(
          file: tracer.graph.file, field: "patch_embed.bn\(index + 1)",
          expected: "epsilon \(ViTConfig.stemEpsilon)", found: "\(epsilon)")
      }
    }
    fold(embedding.input, into: embedding.stem.isEmpty ? "proj" : "conv1")
  }

  /// Makes a convolution read samples as they are before the graph's own arithmetic.
  private mutating func fold(_ input: InputReader.Affine, into name: String) {
    guard !input.isIdentity, let weight = tensors["patch_embed.\(name).weight"] else { return }
    let bias = "patch_embed.\(name).bias"
    (tensors["patch_embed.\(name).weight"], tensors[bias]) = GraphNormalisation.folded(
      input, weight, tensors[bias])
  }

  private mutating func stage(_ stage: EmbeddingReader.Stage, _ name: String, _ norm: String) {
    tensors["\(name).weight"] = stage.weight.tensor(shape: stage.weight.shape)
    let channels = stage.weight.shape[0]
    if let found = stage.norm {
      vector(found.scale, channels, "\(norm).weight")
      vector(found.bias, channels, "\(norm).bias")
      vector(found.mean, channels, "\(norm).running_mean")
      vector(found.variance, channels, "\(norm).running_var")
    }
    // An exporter may write a bias of zeros in front of a norm.
    let hasBias = stage.bias?.numbers()?.allSatisfy { $0 == 0 } == false
    if stage.norm == nil || hasBias { vector(stage.bias, channels, "\(name).bias") }
  }

  private mutating func add(_ block: BlockReader.Block, _ name: String) throws {
    let attended = block.attended
    norm(attended.norm, "\(name).norm1")
    let layers = attended.attention.layers
    if let joint = layers.first, layers.count == 1 {
      linear(joint, "\(name).attn.qkv", fillsBias: false)
    } else {
      let weights = layers.map { Self.weight($0.weight) }
      tensors["\(name).attn.qkv.weight"] = NamedTensor.concatenated(weights)
      if layers.contains(where: { $0.bias != nil }) {
        let biases = layers.map { Self.vector($0.bias, $0.weight.shape[1]) }
        tensors["\(name).attn.qkv.bias"] = NamedTensor.concatenated(biases)
      }
    }
    linear(attended.ending.layer, "\(name).attn.proj")
    norm(block.feedForward.norm, "\(name).norm2")
    linear(block.feedForward.hidden, "\(name).mlp.fc1")
    linear(block.feedForward.ending.layer, "\(name).mlp.fc2")
    for (gamma, part) in [(attended.ending.gamma, "ls1"), (block.feedForward.ending.gamma, "ls2")] {
      if let gamma { vector(gamma, gamma.layout.elementCount, "\(name).\(part).gamma") }
    }
  }

  private mutating func norm(_ norm: TermReader.NormLayer, _ name: String) {
    let width = norm.weight.layout.elementCount
    vector(norm.weight, width, "\(name).weight")
    vector(norm.bias, width, "\(name).bias")
  }

  private mutating func linear(
    _ layer: TermReader.Layer, _ name: String, fillsBias: Bool = true
  ) {
    tensors["\(name).weight"] = Self.weight(layer.weight)
    if fillsBias || layer.bias != nil { vector(layer.bias, layer.weight.shape[1], "\(name).bias") }
  }

  private mutating func vector(_ literal: Literal?, _ count: Int, _ name: String) {
    tensors[name] = Self.vector(literal, count)
  }

  /// A bias, zeros where an exporter left it out.
  private static func vector(_ literal: Literal?, _ count: Int) -> NamedTensor {
    literal?.tensor(shape: [count])
      ?? NamedTensor(shape: Shape([count]), origin: "zeros") {
        [Float](repeating: 0, count: count)
      }
  }

  /// A weight `[in, out]` as PyTorch keeps it, `[out, in]`.
  private static func weight(_ literal: Literal) -> NamedTensor {
    var literal = literal
    literal.layout = literal.layout.transposed([1, 0])
    return literal.tensor(shape: literal.shape)
  }

  // MARK: - Numbers

  /// The activation that all blocks have.
  private func activation(_ blocks: [BlockReader.Block]) throws -> Activation {
    let all = blocks.map(\.feedForward.activation)
    let first = all.first ?? .gelu
    if let other = all.firstIndex(where: { $0 != first }) {
      throw InputError(
        file: tracer.graph.file, field: "blocks.\(other).mlp",
        expected: "\(ActivationWords.word(first)), the activation of blocks.0.mlp",
        found: ActivationWords.word(all[other]))
    }
    return first
  }

  /// The value that all have.
  private func one<Value: Equatable>(_ values: [Value], _ name: String) throws -> Value {
    guard let first = values.first, values.allSatisfy({ $0 == first }) else {
      throw InputError(
        file: tracer.graph.file, field: name, expected: "one for the whole model",
        found: "\(values.prefix(6))")
    }
    return first
  }

  /// A usual epsilon that half precision has blurred.
  private static func rounded(_ epsilon: Float) -> Float {
    [1e-6, 1e-5, 1e-12].first { abs($0 - epsilon) < 0.05 * $0 } ?? epsilon
  }

  /// The number whose inverse a branch is multiplied by.
  private static func skip(_ factor: Double) -> Float {
    let divisor = (1 / factor).rounded()
    return Float(TermReader.isClose(factor, 1 / divisor) ? divisor : 1 / factor)
  }
}
