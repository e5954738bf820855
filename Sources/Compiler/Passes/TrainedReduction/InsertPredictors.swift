internal import ModelFacts
internal import ModelGraph
internal import Tensors

/// DynamicViT: before each stage's block a predictor scores the patch tokens, and those of the largest score stay.
///
/// The j-th stage reads the weights `score_predictor.j.*`. A stage that keeps all tokens needs no scores. Where a predictor
/// gives what is no finite number, the class token is none behind it, so that the logits show it.
/// Source: `tools/reference/vit_reference/methods/dynamicvit.py`.
struct InsertPredictors: Pass {
  static let method = "dynamicvit"

  /// LayerNorms inside predictors have PyTorch's own epsilon, whatever the model's have.
  static let epsilon: Float = 1e-5

  let stages: [RewriteRecipe.Stage]

  /// Tokens in front of the patch tokens.
  let prefix: Int

  func run(_ graph: Graph) throws -> Graph {
    var rebuilder = GraphRebuilder(graph)
    var inputs = BlockInputs()
    for node in graph.nodes {
      if let (block, tokens) = inputs.next(node),
        let stage = stages.firstIndex(where: { $0.block == block })
      {
        let pruned = try prune(
          try rebuilder.replacement(tokens), stage, in: &rebuilder.result)
        rebuilder.replace(tokens, with: pruned)
      }
      if case .slice(let slice) = node.op {
        try rebuilder.copy(node, slicing: slice)
      } else {
        try rebuilder.copy(node)
      }
    }
    return try rebuilder.finish()
  }

  /// The tokens that the `index`-th stage leaves of `tokens`.
  private func prune(
    _ tokens: ValueID, _ index: Int, in graph: inout Graph
  ) throws -> ValueID {
    guard case .rows(let count, let width, _) = graph.type(tokens) else { return tokens }
    let (patches, block) = (count - prefix, stages[index].block)
    let keep = stages[index].keptTokens(of: patches)
    guard keep < patches else { return tokens }
    let rows = try graph.add(.slice(Slice(first: prefix, count: patches)), tokens, block: block)
    let logits = try self.logits(rows, index, in: &graph)
    let score = try graph.add(.keepScore, logits, block: block)
    let partition = Partition(by: .importance, patches: patches, keep: keep)
    let parts = try graph.append(.partition(partition), [score], block: block)
    let left = try graph.add(
      .gather(Gather(.drop, prefix: prefix)), tokens, parts[0], parts[2], block: block)
    // Zeros for any finite numbers; of others NaN is left.
    let zeros = graph.add(
      Constant(name: "zeros", shape: Shape([width, 2]), parameters: 0) {
        [Float](repeating: 0, count: 2 * width)
      })
    let mean = try graph.add(.reduceMean(ReduceMean()), logits, block: block)
    let nothing = try graph.add(
      .linear(Linear(weight: zeros, bias: nil)), mean, block: block)
    let first = try graph.add(.slice(Slice(first: 0, count: 1)), left, block: block)
    let rest = try graph.add(
      .slice(Slice(first: 1, count: prefix - 1 + keep)), left, block: block)
    return try graph.append(
      .concatenate, [try graph.add(.add, nothing, first, block: block), rest], block: block)[0]
  }

  /// What speaks for keeping and for dropping, `[N, 2]`, of the rows `[N, D]` of patch tokens.
  private func logits(_ rows: ValueID, _ index: Int, in graph: inout Graph) throws -> ValueID {
    let block = stages[index].block
    func constant(_ name: String) throws -> ConstantID {
      try graph.carried("\(MethodConstants.predictors)\(index).\(name)")
    }
    func layer(_ name: String) throws -> Op {
      .linear(Linear(weight: try constant("\(name).weight"), bias: try constant("\(name).bias")))
    }
    let norm = Norm(
      weight: try constant("in_conv.0.weight"), bias: try constant("in_conv.0.bias"),
      epsilon: Self.epsilon)
    var ops: [Op] = [.layerNorm(norm), try layer("in_conv.1"), .activation(ActivationNode(.gelu))]
    ops.append(.halfMean)
    ops += [try layer("out_conv.0"), .activation(ActivationNode(.gelu))]
    ops += [try layer("out_conv.2"), .activation(ActivationNode(.gelu))]
    ops.append(try layer("out_conv.4"))
    var value = rows
    for op in ops { value = try graph.add(op, value, block: block) }
    return value
  }
}
