internal import ModelFacts
internal import Tensors

// What a graph tells besides its weights.
extension ONNXModelReader {
  /// Where a graph's values come from.
  private static let source = "the ONNX graph"

  func hints(
    _ prefix: PrefixTokens, _ rotary: [RotaryReader.Found]
  ) throws -> ModelHints {
    var hints = ModelHints()
    hints.imageSize = (tracer.input.height, tracer.input.width)
    try describeBlocks(&hints)
    describeHead(prefix, &hints)
    if let first = rotary.first {
      hints.rotary = .init(
        value: RotaryPositions(kind: .tabulated, turnsHalves: first.turnsHalves),
        source: Self.source)
    }
    hints.exported = exported
    hints.textComparison = exported?.facts.details.textComparison
    hints.scores = exported.map { .init(value: $0.facts.scores, source: ExportedModel.source) }
    describe(tracer.input, &hints)
    hints.normalisation = try GraphNormalisation(
      embedding.input, isBytes: tracer.input.isBytes, file: tracer.graph.file)
    return hints
  }

  private func describeBlocks(_ hints: inout ModelHints) throws {
    let norms = self.norms
    guard Set(norms.map(\.isRMS)).count <= 1, !norms.contains(where: \.isRMS) || !hasHeadNorms
    else {
      throw InputError(
        .unsupported, file: tracer.graph.file, field: "norms",
        expected: "LayerNorm for every norm, or RMSNorm and no norms of queries and keys",
        found: "\(norms.count(where: \.isRMS)) of \(norms.count) are RMSNorm"
          + (hasHeadNorms ? ", with those of queries and keys" : ""))
    }
    hints.epsilon = told(try one(norms.map { Self.rounded($0.epsilon) }, "epsilon of the norms"))
    let heads = try one(blocks.map(\.attended.attention.heads), "number of heads")
    hints.heads = told(heads)
    let factors = blocks.flatMap { [$0.attended.ending.factor, $0.feedForward.ending.factor] }
    hints.skipLambda = told(try one(factors.map(Self.skip), "factor of the branches"))
    hints.activation = told(try activation())
    hints.hasPostNorms = told(
      try one(blocks.map(\.hasPostNorms), "place of the norms, behind the branches or in front"))
    hints.hasGatesLast = try one(
      blocks.map(\.feedForward.inside.hasGatesLast), "place of the FFN's gates"
    ) { $0.map { $0 ? "last" : "first" } ?? "none" }.map(told)
    let scale = try one(blocks.map { Float($0.attended.attention.scale) }, "scale of attention")
    let width = embedding.projection.weight.shape[0]
    let usual = 1 / (Double(width) / Double(heads)).squareRoot()
    // Exporters compute the scale in several steps and types; only another scale is worth keeping.
    if abs(Double(scale) - usual) > 1e-5 * usual { hints.attentionScale = told(scale) }
    for (index, stage) in embedding.stem.enumerated() {
      if let epsilon = stage.norm?.epsilon, Self.rounded(epsilon) != ViTConfig.stemEpsilon {
        throw InputError(
          file: tracer.graph.file, field: "patch_embed.bn\(index + 1)",
          expected: "epsilon \(ViTConfig.stemEpsilon)", found: "\(epsilon)")
      }
    }
  }

  private var hasHeadNorms: Bool { blocks.contains { $0.attended.attention.headNorms != nil } }

  /// All that the model has.
  private var norms: [TermReader.NormLayer] {
    var norms = [
      norm, head.pool.norm, embedding.norm, embedding.patchNorm,
      head.pool.attention?.feedForward?.norm,
    ]
    for block in blocks {
      let (attended, feedForward) = (block.attended, block.feedForward)
      norms += [
        attended.norm, feedForward.norm, attended.innerNorm, feedForward.inside.norm,
        attended.attention.headNorms?.query, attended.attention.headNorms?.key,
      ]
    }
    return norms.compactMap(\.self)
  }

  private func describeHead(_ prefix: PrefixTokens, _ hints: inout ModelHints) {
    let pool = head.pool
    // A plan that has every token's row has the first as features too.
    let hasTokens =
      exported != nil
      && tracer.others.contains { other in
        other.name == OutputRole.tokens.word
          && other.view.map { view in
            view.term == pool.rows.term && TermReader(terms: tracer.terms).isWhole(view)
          } == true
      }
    hints.pooling = told(hasTokens && pool.pooling == .token ? .none : pool.pooling)
    hints.poolsPrefix = pool.rows.range.lowerBound == 0 && prefix.count > 0
    hints.hasNoFinalNorm = norm == nil
    hints.averagesDistillation = head.averagesTwo
    hints.poolHeads = pool.attention.map { told($0.heads) }
    hints.poolActivation = pool.attention?.feedForward?.activation
    hints.poolerActivation = head.pooler.map { told($0.activation) }
    if let reason = prefix.reason {
      let first = prefix.single.first ?? "reg_token"
      hints.assumptions.append(
        Assumption(
          file: tracer.graph.file, key: "prefix_tokens", value: first, reason: "\(reason)",
          alternatives: "nothing reads the first token; only rewrites look at it otherwise"))
    }
    if head.projection != nil, exported == nil {
      hints.assumptions.append(
        Assumption(
          file: tracer.graph.file, key: "outputs", value: OutputRole.features.word,
          reason: "as the last layer has no bias",
          alternatives: "an output called \(OutputRole.logits.word) makes it a classifier"))
    }
    if pool.pooling == .none, exported == nil {
      hints.assumptions.append(
        Assumption(
          file: tracer.graph.file, key: "outputs", value: OutputRole.tokens.word,
          reason: "as the graph's result is every token's row",
          alternatives: "features are the first row, or what \(option: .pooling) says"))
    }
    let left = tracer.others.map(\.name).filter { !(hasTokens && $0 == OutputRole.tokens.word) }
    guard !left.isEmpty else { return }
    hints.remarks.append(
      Remark(
        file: tracer.graph.file, key: "outputs",
        text: "the plan computes \(tracer.outputName), and leaves out "
          + "\(left.joined(separator: ", "))"))
  }

  /// How what is given and what is computed differ from the plan's.
  private func describe(_ input: TracedInput, _ hints: inout ModelHints) {
    if input.batch > 1, !input.hasOpenBatch {
      hints.details.append(
        ("batch", .init(value: "1", source: "\(Self.source), whose batch is \(input.batch)")))
    }
    if input.isChannelsLast {
      hints.remarks.append(
        Remark(
          file: tracer.graph.file, key: "input",
          text:
            "the graph takes channels last, the plan (and \(option: .tensor)) [n, \(input.channels), \(input.height), "
            + "\(input.width)]"))
    }
    guard let scores = ending.scores else { return }
    hints.scores = .init(value: scores, source: "\(Self.source), which ends in \(ending.word)")
    hints.remarks.append(
      Remark(
        file: tracer.graph.file, key: "logits",
        text: "the graph ends in \(ending.word); logits are the values before it, probabilities "
          + "their \(scores.word)"))
  }

  // MARK: - Numbers

  private func told<Value>(_ value: Value) -> ModelHints.Hint<Value> {
    .init(value: value, source: Self.source)
  }

  /// The activation that all blocks have.
  private func activation() throws -> Activation {
    let all = blocks.map(\.feedForward.inside.activation)
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
  private func one<Value: Equatable>(
    _ values: [Value], _ name: String, words: (Value) -> String = { "\($0)" }
  ) throws -> Value {
    guard let first = values.first, values.allSatisfy({ $0 == first }) else {
      throw InputError(
        file: tracer.graph.file, field: name, expected: "one for the whole model",
        found: "\(values.prefix(6).map(words).joined(separator: ", "))")
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
