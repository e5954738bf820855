internal import ModelGraph

/// ToMe's strategy: bipartite soft matching of keys, without importance; always size-aware.
struct MatchTokens: TokenReductionStrategy {
  func prepare(_ attention: inout Attention) {}

  func insert(
    _ tokens: ValueID, _ attention: AttentionValues, _ place: ReductionPlace,
    _ state: inout TokenState, _ graph: inout Graph
  ) throws -> ValueID {
    let sizes =
      try state.sizes
      ?? graph.add(.unitSizes(UnitSizes(place.prefix + place.patches)), block: place.block)
    let match = Match(
      prefix: place.prefix, keep: place.keep, heads: attention.attributes.heads,
      headWidth: attention.attributes.headWidth)
    let results = try graph.append(
      .match(match), [tokens, attention.qkv, sizes], block: place.block)
    state.sizes = results[1]
    return results[0]
  }
}
