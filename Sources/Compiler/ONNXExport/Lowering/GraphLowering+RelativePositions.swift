internal import ModelFacts
internal import ModelGraph

// What positions add to the scores of attention.
extension GraphLowering {
  /// Attention with its bias, of a grid that inference has found to be one.
  mutating func biasedAttention(
    _ biased: BiasedAttention, _ grid: RelativeGrid, _ node: Graph.Node
  ) -> [String] {
    let bias = relativePositionBias(biased, grid, node)
    return attention(biased.attention, node, bias: bias)
  }

  /// Of each head, query and key, `[n or 1, heads, queries, tokens]`.
  private mutating func relativePositionBias(
    _ biased: BiasedAttention, _ grid: RelativeGrid, _ node: Graph.Node
  ) -> String {
    let tokens = extents(node.inputs[0]).count
    var table = constant(biased.table)
    var entries: String
    if biased.hasPatchIndices {
      let indices = name(node.inputs[node.inputs.count - 1])
      let zero = builder.integer(0)
      // The row that stands for a sum of tokens lies nowhere, index -1, and has no bias.
      let hasNone = builder.add("Less", [indices, zero], "nowhere.patches")
      let patches = builder.add("Where", [hasNone, zero, indices], "patches")
      let places = builder.add("Gather", [self.places(grid), patches], "places")
      entries = self.entries(of: places, patches: tokens - grid.prefix, grid)
      let isNone = nowhere(hasNone, grid)
      entries = builder.add(
        "Where", [isNone, builder.integer(grid.entries), entries], "entries.known")
      let zeros = [Float](repeating: 0, count: biased.attention.heads)
      table = builder.add(
        "Concat", [table, builder.floats(zeros, extents: [zeros.count, 1])], "table",
        [("axis", .integer(1))])
      let queries = biased.attention.queries
      if queries > 0, queries < tokens { entries = rows(0..<queries, of: entries, "entries.rows") }
    } else {
      // One tensor for all blocks.
      let queries = biased.attention.queries == 0 ? tokens : biased.attention.queries
      entries = builder.integers(
        (0..<queries).flatMap { query in
          (0..<tokens).map { grid.entry(query: query, key: $0) }
        }, extents: [1, queries, tokens])
    }
    let bias = builder.add("Gather", [table, entries], "bias.heads", [("axis", .integer(1))])
    return builder.add("Transpose", [bias], "bias", [("perm", .integers([1, 0, 2, 3]))])
  }

  /// Of each patch of the grid.
  private mutating func places(_ grid: RelativeGrid) -> String {
    builder.integers((0..<grid.patches).map { grid.place(ofPatch: $0) })
  }

  /// The table's entry of each query and key, `[n, tokens, tokens]`, of patches at places `[n, patches]`.
  private mutating func entries(
    of places: String, patches: Int, _ grid: RelativeGrid
  ) -> String {
    let queries = builder.add("Unsqueeze", [places, builder.integers([2])], "places.queries")
    let keys = builder.add("Unsqueeze", [places, builder.integers([1])], "places.keys")
    let distances = builder.add("Sub", [queries, keys], "distances")
    let own = builder.add("Add", [distances, builder.integer(grid.centre)], "entries.patches")
    guard grid.prefix > 0 else { return own }
    let first = grid.patchEntries
    let column = [Int](repeating: first + 1, count: patches)
    let row = [first + 2] + [Int](repeating: first, count: patches)
    let left = forEachImage(
      builder.integers(column, extents: [1, patches, 1]), rank: 3, "entries.left")
    let top = forEachImage(
      builder.integers(row, extents: [1, 1, patches + 1]), rank: 3, "entries.top")
    let behind = builder.add("Concat", [left, own], "entries.behind", [("axis", .integer(2))])
    return builder.add("Concat", [top, behind], "entries", [("axis", .integer(1))])
  }

  /// Whether a query or a key, of all tokens, lies nowhere, `[n, tokens, tokens]`.
  private mutating func nowhere(_ hasNone: String, _ grid: RelativeGrid) -> String {
    var tokens = hasNone
    if grid.prefix > 0 {
      let front = forEachImage(
        builder.booleans([false], extents: [1, 1]), rank: 2, "nowhere.prefix")
      tokens = builder.add("Concat", [front, hasNone], "nowhere", [("axis", .integer(1))])
    }
    let queries = builder.add("Unsqueeze", [tokens, builder.integers([2])], "nowhere.queries")
    let keys = builder.add("Unsqueeze", [tokens, builder.integers([1])], "nowhere.keys")
    return builder.add("Or", [queries, keys], "nowhere.pairs")
  }
}
