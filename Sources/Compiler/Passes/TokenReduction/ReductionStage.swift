package import ModelFacts
package import ModelGraph

/// One place where tokens are reduced: what a strategy may read there, and the ops it is composed of.
package struct ReductionStage {
  /// Tokens in front of the patch tokens.
  package let prefix: Int

  /// N, patch tokens.
  package let patches: Int

  /// K, those that are kept.
  package let keep: Int

  /// The block, counted from 0.
  let block: Int

  /// The block's attention.
  let attention: AttentionValues

  /// What tokens carry from stage to stage.
  var state: TokenState

  /// The graph that is being made.
  var graph: Graph

  /// What a partition makes: indices of tokens that are kept and dropped, and where each one goes.
  package struct Parts {
    /// `[K]`.
    package let kept: ValueID

    /// `[N - K]`; `[N - 1]` where images keep different numbers; nil behind a selection.
    package let dropped: ValueID?

    /// `[N]`.
    package var destination: ValueID

    fileprivate init(_ results: [ValueID]) {
      (kept, dropped, destination) = (results[0], results[1], results[2])
    }

    /// What a selection makes, which does not list the tokens that it drops: any number of them.
    fileprivate init(selected results: [ValueID]) {
      (kept, dropped, destination) = (results[0], nil, results[1])
    }
  }

  /// What the class token attends to each patch token, `[1, N]`, from the class attention that the strategy asked
  /// the attention for; without a class token the mean of what all tokens attend to it.
  package mutating func importance() throws -> ValueID {
    try graph.add(.score(Score(prefix: prefix)), attention.results[0], block: block)
  }

  /// Importance `[1, N]` by the class attention and by the length of each token's rows.
  package mutating func importance(measuring measure: NormMeasure) throws -> ValueID {
    let score = NormScore(
      measure, prefix: prefix, heads: attention.attributes.heads,
      headWidth: attention.attributes.headWidth)
    return try graph.append(
      .normScore(score), [attention.results[0], attention.qkv], block: block)[0]
  }

  /// The K most important tokens, and the others, which go nowhere or to one more row. With a threshold, only
  /// those of K that reach it, but at least one: images then keep different numbers.
  package mutating func partition(
    byImportance importance: ValueID, appendsRow: Bool = false, threshold: Threshold? = nil
  ) throws -> Parts {
    let partition = Partition(
      by: .importance, patches: patches, keep: keep, appendsRow: appendsRow, threshold: threshold)
    return Parts(try graph.append(.partition(partition), [importance], block: block))
  }

  /// The tokens of set A, every other from position `first` on, whose key is most like one of set B, the
  /// others, go to that one; N - K of them.
  package mutating func partitionByEdges(first: Int) throws -> Parts {
    let keys = BipartiteAssign(
      prefix: prefix, heads: attention.attributes.heads,
      headWidth: attention.attributes.headWidth, first: first)
    let edges = try graph.append(.bipartiteAssign(keys), [attention.qkv], block: block)
    let partition = Partition(by: .edges, patches: patches, keep: keep, first: first)
    return Parts(
      try graph.append(.partition(partition), [edges[1], edges[0]], block: block))
  }

  /// By each image's own rule: edges from set A, every other token from position `first` on, where importance varies
  /// less than `threshold`, else the K most important tokens, by falling importance.
  package mutating func partitionByPolicy(
    importance: ValueID, first: Int, threshold: Float
  ) throws -> Parts {
    let keys = BipartiteAssign(
      prefix: prefix, heads: attention.attributes.heads,
      headWidth: attention.attributes.headWidth, first: first)
    let edges = try graph.append(.bipartiteAssign(keys), [attention.qkv], block: block)
    let partition = PolicyPartition(
      patches: patches, keep: keep, first: first, threshold: Threshold(threshold))
    return Parts(
      try graph.append(
        .policyPartition(partition), [importance, edges[1], edges[0]], block: block))
  }

  /// N - K tokens go to the one that is most similar, where similarity and importance say that it costs least; and
  /// what each token counts for in a mean.
  package mutating func partitionGreedily(
    _ tokens: ValueID, importance: ValueID
  ) throws -> (parts: Parts, weights: ValueID) {
    let nearest = try graph.append(
      .nearestAssign(NearestAssign(prefix: prefix)), [tokens], block: block)
    let results = try graph.append(
      .greedyPartition(GreedyPartition(prefix: prefix, keep: keep)),
      [tokens, importance, nearest[0], nearest[1], try sizes()], block: block)
    return (Parts(results), results[3])
  }

  /// As many tokens as an image's own scores say.
  mutating func select(by scores: ValueID, _ select: Select) throws -> Parts {
    Parts(selected: try graph.append(.select(select), [scores], block: block))
  }

  /// Lets each dropped token go to the kept one that is most similar.
  package mutating func assign(
    _ tokens: ValueID, _ parts: inout Parts, _ similarity: Similarity, seed: Int
  ) throws {
    var operands =
      [tokens, parts.kept] + [parts.dropped].compactMap(\.self) + [parts.destination]
    switch similarity {
    case .cosine, .l1, .l2: break
    // The last, behind the class attention where there is a class token.
    case .attention: operands.append(attention.results[attention.results.count - 1])
    case .random: operands.append(try patchIndices())
    }
    let assign = Assign(similarity, prefix: prefix, seed: seed, block: block)
    parts.destination = try graph.append(.assign(assign), operands, block: block)[0]
  }

  /// The tokens that are left, weighed by `weights`, without them by the sizes if those are carried.
  package mutating func gather(
    _ tokens: ValueID, _ parts: Parts, _ mode: GatherMode, weights: ValueID? = nil,
    carriesSizes: Bool
  ) throws -> ValueID {
    var gather = Gather(mode, prefix: prefix)
    var operands = [tokens, parts.kept, parts.destination]
    if let weights {
      gather.hasWeights = true
      operands.append(weights)
    }
    if carriesSizes {
      gather.hasSizes = true
      operands.append(try sizes())
    }
    if state.needsPatchIndices { _ = try patchIndices() }
    if let patchIndices = state.patchIndices {
      gather.hasPatchIndices = true
      operands.append(patchIndices)
    }
    var results = try graph.append(.gather(gather), operands, block: block)
    if gather.hasPatchIndices { state.patchIndices = results.removeLast() }
    if gather.hasSizes { state.sizes = results.removeLast() }
    return results[0]
  }

  /// `[1, T]`: how many patches each token stands for.
  private mutating func sizes() throws -> ValueID {
    if let sizes = state.sizes { return sizes }
    let sizes = try graph.add(.unitSizes(UnitSizes(prefix + patches)), block: block)
    state.sizes = sizes
    return sizes
  }

  /// `[N]`: the original index of each patch token.
  private mutating func patchIndices() throws -> ValueID {
    if let indices = state.patchIndices { return indices }
    let indices = try graph.add(.patchIndices(PatchIndices(patches)), block: block)
    state.patchIndices = indices
    return indices
  }
}

/// What a strategy may read of the block's attention.
struct AttentionValues {
  let block: Int?
  let attributes: Attention
  let qkv: ValueID

  /// Class rows, then probabilities, each if kept; without a class token probabilities alone.
  let results: [ValueID]
}

/// What tokens carry from stage to stage.
struct TokenState {
  /// `[1, T]`: how many patches each token stands for.
  var sizes: ValueID?

  /// `[N]`: the original patch index of each patch token, once something has asked for it. A token keeps the one
  /// that it has when others join it, and so its position.
  var patchIndices: ValueID?

  /// Later blocks ask for the tokens' positions.
  let needsPatchIndices: Bool
}
