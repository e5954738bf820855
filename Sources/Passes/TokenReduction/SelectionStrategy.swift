internal import ModelFacts
internal import ModelGraph

/// The part that merge, fuse and drop share: the class token's attention chooses.
protocol SelectionStrategy: TokenReductionStrategy {
  /// The reduction's attributes but for prefix and block.
  var reduction: Reduce { get }
}

extension SelectionStrategy {
  func prepare(_ attention: inout Attention) {
    attention.keepsClassRows = true
    attention.keepsProbabilities =
      reduction.strategy == .merge && reduction.similarity == .attention
  }

  func insert(
    _ tokens: ValueID, _ attention: AttentionValues, _ place: ReductionPlace,
    _ state: inout TokenState, _ graph: inout Graph
  ) throws -> ValueID {
    let chosen = try graph.append(
      .select(Select(prefix: place.prefix, keep: place.keep)), [attention.results[0]],
      block: place.block)
    var reduce = reduction
    (reduce.prefix, reduce.block) = (place.prefix, place.block)
    var operands = [tokens] + chosen
    if reduce.carriesSizes {
      operands.append(
        try state.sizes
          ?? graph.add(
            .unitSizes(UnitSizes(place.prefix + place.patches)), block: place.block))
    }
    if attention.attributes.keepsProbabilities { operands.append(attention.results[1]) }
    if reduce.carriesPatchIndices {
      operands.append(
        try state.patchIndices
          ?? graph.add(.patchIndices(PatchIndices(place.patches)), block: place.block))
    }
    var results = try graph.append(.reduce(reduce), operands, block: place.block)
    if reduce.carriesPatchIndices { state.patchIndices = results.removeLast() }
    if reduce.carriesSizes { state.sizes = results.removeLast() }
    return results[0]
  }
}
