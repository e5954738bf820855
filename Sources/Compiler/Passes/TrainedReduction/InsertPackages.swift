internal import ModelFacts
internal import ModelGraph

/// SP-ViT: before each stage's block a predictor looks at the tokens behind the class token, each head by itself. Patch
/// tokens that it does not want to keep become one package token, their sum weighed by the probability of keeping them;
/// packages stand behind the patch tokens and stay to the end.
///
/// The j-th stage reads the weights `score_predictor.j.*`. The authors' code draws at random what is kept, here it is what
/// is likelier, and tokens that it hides are gone here, for LV-ViT's maximum too.
/// Source: `tools/reference/vit_reference/methods/spvit.py`.
struct InsertPackages: Pass {
  static let method = "spvit"

  let stages: [RewriteRecipe.Stage]

  /// Tokens in front of the patch tokens.
  let prefix: Int

  /// Heads, which the predictors divide tokens into as attention does.
  let heads: Int

  func run(_ graph: Graph) throws -> Graph {
    var rebuilder = GraphRebuilder(graph)
    var inputs = BlockInputs()
    var packages = 0
    for node in graph.nodes {
      if let (block, tokens) = inputs.next(node),
        let stage = stages.firstIndex(where: { $0.block == block })
      {
        let left = try pack(
          try rebuilder.replacement(tokens), stage, behind: packages, in: &rebuilder.result)
        rebuilder.replace(tokens, with: left)
        packages += 1
      }
      switch node.op {
      case .slice(let slice): try rebuilder.copy(node, slicing: slice)
      // LV-ViT's auxiliary head reads patch tokens alone.
      case .reduceMax where packages > 0:
        try rebuilder.copy(node, as: .patchMax(PatchMax(packages: packages)))
      default: try rebuilder.copy(node)
      }
    }
    return try rebuilder.finish()
  }

  /// The tokens that the `index`-th stage makes of `tokens`, of which the last are packages already.
  private func pack(
    _ tokens: ValueID, _ index: Int, behind packages: Int, in graph: inout Graph
  ) throws -> ValueID {
    guard case .rows(let count, _, _) = graph.type(tokens) else { return tokens }
    let (patches, block) = (count - prefix, stages[index].block)
    let rows = try graph.add(.slice(Slice(first: prefix, count: patches)), tokens, block: block)
    let votes = try vote(rows, index, in: &graph)
    let partition = PackagePartition(patches: patches, packages: packages)
    let parts = try graph.append(.packagePartition(partition), [votes[0]], block: block)
    var gather = Gather(.sum, prefix: prefix)
    gather.hasWeights = true
    return try graph.add(
      .gather(gather), tokens, parts[0], parts[1], votes[1], block: block)
  }

  /// Scores and the probability of keeping, both `[1, N]`, of the rows `[N, D]`.
  private func vote(_ rows: ValueID, _ index: Int, in graph: inout Graph) throws -> [ValueID] {
    let block = stages[index].block
    func constant(_ name: String) throws -> ConstantID {
      try graph.carried("\(MethodConstants.predictors)\(index).\(name)")
    }
    func layer(_ name: String) throws -> Op {
      .linear(Linear(weight: try constant("\(name).weight"), bias: try constant("\(name).bias")))
    }
    func headLayer(
      _ name: String, norm: Norm? = nil, _ activation: Activation = .gelu
    ) throws -> Op {
      .headLinear(
        HeadLinear(
          heads: heads, weight: try constant("\(name).weight"), bias: try constant("\(name).bias"),
          norm: norm, activation: activation))
    }
    func chain(_ ops: [Op]) throws -> ValueID {
      try ops.reduce(rows) { try graph.add($1, $0, block: block) }
    }
    let norm = Norm(
      weight: try constant("in_conv.0.0.weight"), bias: try constant("in_conv.0.0.bias"),
      epsilon: InsertPredictors.epsilon)
    let weights = try chain([
      .headMean(HeadMean(heads: heads)), try layer("senet.0"), .activation(ActivationNode(.gelu)),
      try layer("senet.2"),
    ])
    let logits = try chain([
      try headLayer("in_conv.0.1", norm: norm), .headHalfMean(HeadHalfMean(heads: heads)),
      try headLayer("out_conv.0.0"), try headLayer("out_conv.0.2"),
      try headLayer("out_conv.0.4", .none),
    ])
    return try graph.append(
      .headVote(HeadVote(heads: heads)), [weights, logits], block: block)
  }
}
