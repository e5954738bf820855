package import ModelFacts
package import ModelGraph

/// Reduces tokens after the attention residual of chosen blocks, before their FFN (method 3.2).
///
/// The blocks behind work on fewer tokens; a head that reads all patch tokens reads those that are
/// left. How tokens are chosen and joined is the strategy's business.
package struct InsertTokenReduction: Pass {
  let strategy: any TokenReductionStrategy
  let stages: [RewriteRecipe.Stage]

  /// Tokens in front of the patch tokens.
  let prefix: Int

  /// The first token's attention tells importance; else that of all tokens does.
  let hasClassToken: Bool

  /// Reduces by a strategy, at stages, what lies behind `prefix` others.
  package init(
    strategy: any TokenReductionStrategy, stages: [RewriteRecipe.Stage], prefix: Int,
    hasClassToken: Bool = true
  ) {
    self.strategy = strategy
    self.stages = stages
    self.prefix = prefix
    self.hasClassToken = hasClassToken
  }

  package func run(_ graph: Graph) throws -> Graph {
    var rebuilder = GraphRebuilder(graph)
    var state = TokenState(needsPatchIndices: graph.attendsByPosition)
    var attention: AttentionValues?
    for node in graph.nodes {
      let stage = stages.first { $0.block == node.block }
      switch node.op {
      case .attention, .biasedAttention:
        attention = try attend(node, isReduced: stage != nil, state, &rebuilder)
      case .add where stage != nil && attention?.block == stage?.block:
        let sum = try rebuilder.copy(node)[0]
        guard let stage, let values = attention else { continue }
        attention = nil
        guard
          let reduced = try reduce(
            sum, stage: stage, attention: values, state: &state, in: &rebuilder.result)
        else { continue }
        rebuilder.replace(node.outputs[0], with: reduced)
      case .slice(let slice): try rebuilder.copy(node, slicing: slice)
      case .rotaryEmbedding(var rotary) where state.patchIndices != nil:
        rotary.hasPatchIndices = true
        let operands =
          try node.inputs.map(rebuilder.replacement) + [state.patchIndices].compactMap(\.self)
        let turned = try rebuilder.result.append(
          .rotaryEmbedding(rotary), operands, block: node.block)
        rebuilder.replace(node.outputs[0], with: turned[0])
      case .reduceMean(var mean):
        let sizes = try poolingSizes(state, node, rebuilder)
        (mean.isSizeAware, mean.prefix) = (sizes != nil, sizes?.prefix ?? 0)
        try pool(node, as: .reduceMean(mean), sizes?.value, &rebuilder)
      case .attentionPool(var attention):
        let sizes = try poolingSizes(state, node, rebuilder)
        (attention.isSizeAware, attention.prefix) = (sizes != nil, sizes?.prefix ?? 0)
        try pool(node, as: .attentionPool(attention), sizes?.value, &rebuilder)
      default: try rebuilder.copy(node)
      }
    }
    return try rebuilder.finish()
  }

  /// Attention that counts sizes and knows where tokens are, if they carry either, and whose results a reduction behind
  /// it reads.
  private func attend(
    _ node: Graph.Node, isReduced: Bool, _ state: TokenState, _ rebuilder: inout GraphRebuilder
  ) throws -> AttentionValues? {
    guard var attributes = node.op.attention else { return nil }
    var operands = try node.inputs.map(rebuilder.replacement)
    if let sizes = state.sizes, strategy.weighsAttention {
      attributes.isSizeAware = true
      operands.append(sizes)
    }
    if isReduced { strategy.prepare(&attributes) }
    if attributes.keepsClassAttention, !hasClassToken {
      (attributes.keepsClassAttention, attributes.keepsProbabilities) = (false, true)
    }
    var op = node.op.withAttention(attributes)
    if case .biasedAttention(var biased) = op, let indices = state.patchIndices {
      biased.hasPatchIndices = true
      op = .biasedAttention(biased)
      operands.append(indices)
    }
    let outputs = try rebuilder.result.append(op, operands, block: node.block)
    rebuilder.replace(node.outputs[0], with: outputs[0])
    return AttentionValues(
      block: node.block, attributes: attributes, qkv: operands[0],
      results: Array(outputs.dropFirst()))
  }

  /// The sizes of the tokens that a node pools, and how many others have some in front; nil where tokens carry none.
  private func poolingSizes(
    _ state: TokenState, _ node: Graph.Node, _ rebuilder: GraphRebuilder
  ) throws -> (value: ValueID, prefix: Int)? {
    guard let sizes = state.sizes, case .rows(_, let count, _) = rebuilder.result.type(sizes),
      case .rows(let rows, _, _) = rebuilder.result.type(
        try rebuilder.replacement(node.inputs[0])),
      rows > 1
    else { return nil }
    return (sizes, count - rows)
  }

  private func pool(
    _ node: Graph.Node, as op: Op, _ sizes: ValueID?, _ rebuilder: inout GraphRebuilder
  ) throws {
    let operands = try node.inputs.map(rebuilder.replacement) + [sizes].compactMap(\.self)
    let pooled = try rebuilder.result.append(op, operands, block: node.block)
    rebuilder.replace(node.outputs[0], with: pooled[0])
  }

  /// The reduced tokens; nil when the stage keeps all of them.
  private func reduce(
    _ tokens: ValueID, stage: RewriteRecipe.Stage, attention: AttentionValues,
    state: inout TokenState, in graph: inout Graph
  ) throws -> ValueID? {
    guard case .rows(let count, _, _) = graph.type(tokens) else { return nil }
    let patches = count - prefix
    let keep = stage.keptTokens(of: patches)
    guard keep < patches || type(of: strategy).choosesCounts else { return nil }
    var stage = ReductionStage(
      prefix: prefix, patches: patches, keep: keep, block: stage.block, attention: attention,
      state: state, graph: graph)
    let reduced = try strategy.reduce(tokens, in: &stage)
    (state, graph) = (stage.state, stage.graph)
    return reduced
  }
}

extension RewriteRecipe.Stage {
  /// The stage that keeps exactly `keep` of `patches` tokens, at least 1.
  package init(block: Int, keeping keep: Int, of patches: Int) {
    self.init(block: block, keepRate: Double(keep) / Double(patches))
    // The quotient of very many tokens can be rounded up by more than a product is forgiven.
    while keptTokens(of: patches) > keep { keepRate = keepRate.nextDown }
  }

  /// `K = ceil(keep * N)`, where `keep` is the decimal that was written: a product that only misses
  /// a whole number by rounding counts as that number.
  package func keptTokens(of patches: Int) -> Int {
    max(1, min(patches, Int((keepRate * Double(patches) - 1e-9).rounded(.up))))
  }
}
