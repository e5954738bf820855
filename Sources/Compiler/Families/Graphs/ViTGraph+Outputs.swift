internal import ModelFacts
internal import ModelGraph
internal import Tensors

// What a model is run for.
extension ViTGraph {
  /// Logits of a model with a classifier, features of every other, and of one that does not pool the
  /// rows of all tokens too.
  mutating func outputs(of tokens: ValueID) throws -> [Graph.Output] {
    guard config.classes == 0 else { return [Graph.Output(.logits, try logits(tokens))] }
    let features = Graph.Output(.features, try features(tokens))
    return config.pooling == .none ? [features, Graph.Output(.tokens, tokens)] : [features]
  }

  // MARK: - Pooling

  private mutating func token(_ index: Int, of tokens: ValueID) throws -> ValueID {
    try graph.add(.slice(Slice(first: index, count: 1)), tokens)
  }

  private mutating func patches(of tokens: ValueID) throws -> ValueID {
    guard config.prefixTokens > 0 else { return tokens }
    let patches = Slice(first: config.prefixTokens, count: config.patchTokens)
    return try graph.add(.slice(patches), tokens)
  }

  private mutating func pooledRows(of tokens: ValueID) throws -> ValueID {
    config.poolsPrefix ? tokens : try patches(of: tokens)
  }

  private mutating func mean(of patches: ValueID) throws -> ValueID {
    try graph.add(.reduceMean(ReduceMean()), patches)
  }

  /// One row of all tokens.
  private mutating func pooled(_ tokens: ValueID) throws -> ValueID {
    var row: ValueID
    switch config.pooling {
    case .token, .none: row = try token(0, of: tokens)
    case .avg: row = try mean(of: try pooledRows(of: tokens))
    case .max: row = try graph.add(.reduceMax, try pooledRows(of: tokens))
    case .avgmax:
      let patches = try pooledRows(of: tokens)
      let largest = try graph.add(.reduceMax, patches)
      row = try graph.add(
        .combine(Combine(alpha: 0.5, beta: 0.5)), largest, try mean(of: patches))
    case .map: row = try attentionPool(try pooledRows(of: tokens))
    }
    if config.hasPooledNorm { row = try norm("fc_norm", row) }
    return row
  }

  /// `y = proj(attention(q, kv(x))); y + mlp(norm(y))`, where the query is the same for every image; of AIMv2 y alone.
  private mutating func attentionPool(_ patches: ValueID) throws -> ValueID {
    let keysAndValues = try linear(
      "attn_pool.kv", patches, hasBias: !config.poolsByQuery || config.hasQKVBias)
    let heads = config.poolHeads ?? config.heads
    let headWidth = config.embedDim / heads
    let pool = AttentionPool(
      query: config.poolsByQuery
        ? graph.add(try tensors.constant("attn_pool.query", shape: [config.embedDim]))
        : try query(), heads: heads, headWidth: headWidth,
      scale: Float(1 / Double(headWidth).squareRoot()))
    let attended = try linear(
      "attn_pool.proj", try graph.add(.attentionPool(pool), keysAndValues))
    guard config.attentionPoolHidden != nil else { return attended }
    var branch = try norm("attn_pool.norm", attended)
    branch = try linear("attn_pool.mlp.fc1", branch)
    branch = try graph.add(.activation(ActivationNode(config.poolActivation)), branch)
    branch = try linear("attn_pool.mlp.fc2", branch)
    return try graph.add(.add, attended, branch)
  }

  /// The product of the latent token and the query's layer.
  private mutating func query() throws -> ConstantID {
    let width = config.embedDim
    let name = "attn_pool.q(attn_pool.latent)"
    guard !config.hasPoolQuery else {
      // Of the token and the layer nothing else is left.
      let query = try tensors.constant("attn_pool.query")
      return graph.add(
        Constant(
          name: name, shape: [width], parameters: width + width * width + width,
          values: query.values))
    }
    let latent = try tensors.constant("attn_pool.latent")
    let weight = try tensors.constant("attn_pool.q.weight")
    let bias = try tensors.constant("attn_pool.q.bias")
    return graph.add(
      Constant(
        name: name, shape: [width],
        parameters: latent.parameters + weight.parameters + bias.parameters
      ) {
        let (x, w) = (try latent.values(), try weight.values())
        return try bias.values().enumerated().map { row, bias in
          Float(
            (0..<width).reduce(Double(bias)) { $0 + Double(w[row * width + $1]) * Double(x[$1]) })
        }
      })
  }

  // MARK: - Features and logits

  private mutating func features(_ tokens: ValueID) throws -> ValueID {
    let row = try pooled(tokens)
    if config.averagesDistillation, config.pooling == .token {
      return try graph.add(
        .combine(Combine(alpha: 0.5, beta: 0.5)), row, try token(1, of: tokens))
    }
    if config.projectionWidth != nil {
      return try linear("projection", row, hasBias: config.hasFeatureBias)
    }
    guard config.poolerWidth != nil else { return row }
    return try graph.add(
      .activation(ActivationNode(config.poolerActivation)), try linear("pooler.dense", row))
  }

  private mutating func logits(_ tokens: ValueID) throws -> ValueID {
    if config.headReadsMean { return try logitsOfTokenAndMean(tokens) }
    let logits = try linear("head", try pooled(tokens))
    if config.hasSecondHead {
      let distilled = try linear("head_dist", try token(1, of: tokens))
      return try graph.add(.combine(Combine(alpha: 0.5, beta: 0.5)), logits, distilled)
    }
    guard config.family == .lvvit else { return logits }
    let auxiliary = try graph.add(
      .reduceMax, try linear("aux_head", try patches(of: tokens)))
    return try graph.add(.combine(Combine(alpha: 1, beta: 0.5)), logits, auxiliary)
  }

  /// DINOv2's classifier of the class token and the patch tokens' mean, as the sum of two layers.
  private mutating func logitsOfTokenAndMean(_ tokens: ValueID) throws -> ValueID {
    let mean = try mean(of: try patches(of: tokens))
    let (classes, width) = (config.classes, config.embedDim)
    let weight = try tensors.constant("head.weight")
    func columns(_ first: Int) -> Constant {
      Constant(
        name: "head.weight[:, \(first):\(first + width)]", shape: [classes, width],
        parameters: weight.parameters / 2
      ) {
        let values = try weight.values()
        return (0..<classes).flatMap {
          values[$0 * 2 * width + first..<$0 * 2 * width + first + width]
        }
      }
    }
    let first = Linear(weight: graph.add(columns(0)), bias: try constant("head.bias"))
    let second = Linear(weight: graph.add(columns(width)), bias: nil)
    return try graph.add(
      .add, try graph.add(.linear(first), try token(0, of: tokens)),
      try graph.add(.linear(second), mean))
  }
}
