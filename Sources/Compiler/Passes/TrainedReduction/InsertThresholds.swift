internal import ModelFacts
internal import ModelGraph

/// AS-ViT: before each stage's block the patch tokens stay whose score in the block before lies above a learnt
/// threshold; it may be all of them, or none.
///
/// The threshold of the j-th stage is the constant `score_predictor.j.keep_threshold`.
/// Source: `tools/reference/vit_reference/methods/asvit.py`.
struct InsertThresholds: Pass {
  static let method = "asvit"

  let stages: [RewriteRecipe.Stage]

  /// Tokens in front of the patch tokens.
  let prefix: Int

  func run(_ graph: Graph) throws -> Graph {
    let thresholds = try stages.indices.map {
      // Above it, and not at it.
      Threshold(try graph.number(MethodConstants.threshold($0)).nextUp)
    }
    var rebuilder = GraphRebuilder(graph)
    var inputs = BlockInputs()
    var score: ValueID?
    for node in graph.nodes {
      if let (block, tokens) = inputs.next(node), let scores = score,
        let stage = stages.firstIndex(where: { $0.block == block })
      {
        let rows = try rebuilder.replacement(tokens)
        let left = try keep(rows, scores, thresholds[stage], block, &rebuilder.result)
        rebuilder.replace(tokens, with: left)
        score = nil
      }
      switch node.op {
      case .attention(var attributes) where stages.contains { $0.block - 1 == node.block }:
        attributes.keepsClassAttention = true
        let results = try rebuilder.copy(node, as: .attention(attributes))
        let measure = NormScore(
          .headShare, prefix: prefix, heads: attributes.heads, headWidth: attributes.headWidth)
        score = try rebuilder.result.add(
          .normScore(measure), results[1], results[0], block: node.block)
      case .slice(let slice): try rebuilder.copy(node, slicing: slice)
      default: try rebuilder.copy(node)
      }
    }
    return try rebuilder.finish()
  }

  private func keep(
    _ rows: ValueID, _ scores: ValueID, _ threshold: Threshold, _ block: Int?,
    _ graph: inout Graph
  ) throws -> ValueID {
    guard case .rows(let count, _, _) = graph.type(rows) else { return rows }
    let parts = try graph.append(
      .select(Select(patches: count - prefix, above: threshold)), [scores], block: block)
    return try graph.add(
      .gather(Gather(.drop, prefix: prefix)), rows, parts[0], parts[1], block: block)
  }
}
