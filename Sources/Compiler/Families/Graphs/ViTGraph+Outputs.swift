internal import ModelFacts
internal import ModelGraph

// What a model is run for.
extension ViTGraph {
  /// Logits of a model with a classifier, features of every other, and of one that does not pool the
  /// rows of all tokens too.
  mutating func outputs(of tokens: ValueID) throws -> [Graph.Output] {
    guard config.classes == 0 else { return [Graph.Output(.logits, try logits(tokens))] }
    let features = Graph.Output(.features, try features(tokens))
    return config.pooling == .none ? [features, Graph.Output(.tokens, tokens)] : [features]
  }

  private mutating func token(_ index: Int, of tokens: ValueID) throws -> ValueID {
    try graph.add(.slice(Slice(first: index, count: 1)), tokens)
  }

  private mutating func features(_ tokens: ValueID) throws -> ValueID {
    let pooled = try token(0, of: tokens)
    if config.averagesDistillation {
      return try graph.add(
        .combine(Combine(alpha: 0.5, beta: 0.5)), pooled, try token(1, of: tokens))
    }
    guard config.poolerWidth != nil else { return pooled }
    return try graph.add(
      .activation(ActivationNode(config.poolerActivation)), try linear("pooler.dense", pooled))
  }

  private mutating func logits(_ tokens: ValueID) throws -> ValueID {
    let logits = try linear("head", try token(0, of: tokens))
    if config.hasSecondHead {
      let distilled = try linear("head_dist", try token(1, of: tokens))
      return try graph.add(.combine(Combine(alpha: 0.5, beta: 0.5)), logits, distilled)
    }
    guard config.family == .lvvit else { return logits }
    let patches = try graph.add(
      .slice(Slice(first: config.prefixTokens, count: config.patchTokens)), tokens)
    let auxiliary = try graph.add(.reduceMax, try linear("aux_head", patches))
    return try graph.add(.combine(Combine(alpha: 1, beta: 0.5)), logits, auxiliary)
  }
}
