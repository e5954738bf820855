internal import ModelFacts
internal import ModelGraph

/// Evo-ViT: from each stage's block on to the next stage's the patch tokens of the largest running class attention go
/// through the blocks, and the others wait as they are. All are there again where a stage begins, and at the end.
///
/// Tokens that waited come back to their old places, where the authors' code puts them behind the others.
/// Source: `tools/reference/vit_reference/methods/evovit.py`.
struct InsertWaiting: Pass {
  static let method = "evovit"

  /// How much of the running attention is a block's own: all of it in the first blocks.
  static func share(ofBlock block: Int) -> Float { block < 4 ? 1 : 0.5 }

  let stages: [RewriteRecipe.Stage]

  /// Tokens in front of the patch tokens.
  let prefix: Int

  /// What is needed to have all tokens again.
  private struct Waiting {
    /// All of them, as they were before some went on.
    let tokens: ValueID

    /// What the class token had attended to each patch token by then, `[1, N]`.
    let attention: ValueID

    /// Where each patch token went on, -1 for one that waits, `[N]`.
    let destination: ValueID
  }

  func run(_ graph: Graph) throws -> Graph {
    var rebuilder = GraphRebuilder(graph)
    var inputs = BlockInputs()
    var waiting: Waiting?
    var attention: ValueID?
    for node in graph.nodes {
      if let (block, tokens) = inputs.next(node) {
        let stage = stages.first { $0.block == block }
        if stage != nil || block == nil, let others = waiting {
          try rejoin(tokens, &attention, others, block, &rebuilder)
          waiting = nil
        }
        if let stage, let whole = attention {
          waiting = try split(tokens, whole, stage, &attention, &rebuilder)
        }
      }
      guard case .attention(var attributes) = node.op, let block = node.block else {
        try rebuilder.copy(node)
        continue
      }
      attributes.keepsClassAttention = true
      let results = try rebuilder.copy(node, as: .attention(attributes))
      let own = try rebuilder.result.add(
        .score(Score(prefix: prefix)), results[1], block: block)
      let share = Self.share(ofBlock: block)
      if share < 1, let before = attention {
        let running = Combine(alpha: 1 - share, beta: share)
        attention = try rebuilder.result.add(.combine(running), before, own, block: block)
      } else {
        attention = own
      }
    }
    return try rebuilder.finish()
  }

  /// Has the tokens of the largest attention go on, and the others wait.
  private func split(
    _ tokens: ValueID, _ whole: ValueID, _ stage: RewriteRecipe.Stage,
    _ attention: inout ValueID?, _ rebuilder: inout GraphRebuilder
  ) throws -> Waiting? {
    let all = try rebuilder.replacement(tokens)
    guard case .rows(let count, _, _) = rebuilder.result.type(all) else { return nil }
    let patches = count - prefix
    let keep = stage.keptTokens(of: patches)
    guard keep < patches else { return nil }
    let partition = Partition(by: .importance, patches: patches, keep: keep)
    let parts = try rebuilder.result.append(
      .partition(partition), [whole], block: stage.block)
    let moved = try rebuilder.result.add(
      .gather(Gather(.drop, prefix: prefix)), all, parts[0], parts[2], block: stage.block)
    attention = try rebuilder.result.add(.pick, whole, parts[0], block: stage.block)
    rebuilder.replace(tokens, with: moved)
    return Waiting(tokens: all, attention: whole, destination: parts[2])
  }

  /// Has all tokens be there again.
  private func rejoin(
    _ tokens: ValueID, _ attention: inout ValueID?, _ others: Waiting, _ block: Int?,
    _ rebuilder: inout GraphRebuilder
  ) throws {
    let whole = try rebuilder.result.add(
      .restore(Restore(along: .rows, prefix: prefix)), others.tokens,
      try rebuilder.replacement(tokens), others.destination, block: block)
    rebuilder.replace(tokens, with: whole)
    guard block != nil, let moved = attention else { return }
    attention = try rebuilder.result.add(
      .restore(Restore(along: .columns, prefix: 0)), others.attention, moved,
      others.destination, block: block)
  }
}
