package import ModelFacts
package import Records

/// Sizes of `count` tokens before any merge.
package struct UnitSizes: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.unitSizes

  package var count = 0

  package init() {}

  package init(_ count: Int) { self.count = count }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("count", &count)
  }

  package var op: Op { .unitSizes(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(0)
    return [.rows(count: 1, width: count)]
  }
}

/// The original patch indices of `count` patch tokens before any reduction.
package struct PatchIndices: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.patchIndices

  package var count = 0

  package init() {}

  package init(_ count: Int) { self.count = count }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("count", &count)
  }

  package var op: Op { .patchIndices(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(0)
    return [.indices(count: count)]
  }
}

/// Importance of the patch tokens: what the class token attends to each, mean over heads, or of a model without
/// one what all tokens do, mean over heads and tokens.
package struct Score: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.score

  /// Tokens in front of the patch tokens, which have none.
  package var prefix = 1

  package init() {}

  package init(prefix: Int) { self.prefix = prefix }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
  }

  package var op: Op { .score(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (_, tokens, unused) = try check.rows(0, tokensAlong: .columns)
    let patches = try check.patches(of: tokens, behind: prefix)
    return [.rows(count: 1, width: patches, unused: unused)]
  }
}

/// Which patch tokens are kept; ties go to the lower.
///
/// With a ``threshold``, or importance of tokens that need not all be in use, images keep different
/// numbers of tokens: K is the most, dropped has room for all but one, and a fourth result, `[1]`, says how
/// many of the K places are not in use.
package struct Partition: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.partition

  /// What it goes by.
  package var order = PartitionOrder.importance

  /// N, the patch tokens.
  package var patches = 0

  /// K, those that are kept.
  package var keep = 0

  /// With edges: the first position of set A, whose tokens can be dropped; it is every other position.
  package var first = 1

  /// By importance: the destination of dropped tokens is one more row, behind those that an image keeps;
  /// otherwise they have none, -1.
  package var appendsRow = false

  /// By importance: tokens of less are not kept, but that of the most always is.
  package var threshold: Threshold?

  package init() {}

  package init(
    by order: PartitionOrder, patches: Int, keep: Int, first: Int = 1, appendsRow: Bool = false,
    threshold: Threshold? = nil
  ) {
    self.order = order
    self.patches = patches
    self.keep = keep
    self.first = first
    self.appendsRow = appendsRow
    self.threshold = threshold
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("order", choice: &order)
    try coder.code("patches", &patches)
    try coder.code("keep", &keep)
    try coder.code("first", &first)
    try coder.code("appends_row", &appendsRow)
    try coder.code("threshold", optional: &threshold)
  }

  package var op: Op { .partition(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.that(
      (2...(1 << 24)).contains(patches), "2 patch tokens or more, found \(patches)")
    try check.that(
      keep >= 1 && keep < patches,
      "to keep fewer than \(patches) tokens and at least 1, found \(keep)")
    switch order {
    case .importance:
      try check.count(1)
      let unused = try check.rows(0, tokensAlong: .columns).unused
      try check.rows(0, are: 1, patches, unused: unused)
      try check.someInUse(0)
      if let threshold {
        try check.that(
          threshold.value.isFinite, "a finite threshold, found \(threshold.value)")
      }
      guard threshold != nil || unused != nil else { break }
      let left = UnusedTokens(
        ValueID(check.firstResult.index + 3), most: keep - 1, along: .columns)
      return [
        .indices(count: keep, unused: left), .indices(count: patches - 1),
        .indices(count: patches, unused: unused), .indices(count: 1),
      ]
    case .edges:
      try check.count(2)
      let sources = try check.sources(of: patches, first: first)
      try check.that(
        patches - keep <= sources,
        "to merge at most \(sources) of \(patches) tokens, found to keep \(keep)")
      try check.rows(0, are: 1, sources)
      try check.that(
        try check.indices(1) == sources, "\(sources) edges, found \(check.operands[1])")
      try check.that(!appendsRow, "edges, or one more row")
      try check.that(threshold == nil, "edges, or a threshold")
    }
    return [
      .indices(count: keep), .indices(count: patches - keep), .indices(count: patches),
    ]
  }
}

/// The most similar kept token of each dropped one. Operands behind tokens, kept, dropped and destination:
/// probabilities with the attention similarity, patch indices with the random one.
package struct Assign: OpAttributes, ConstantFree {
  package static let kind = OpKind.assign

  /// What similar means.
  package var similarity = Similarity.cosine

  /// Tokens in front of the patch tokens.
  package var prefix = 1

  /// Of the random similarity.
  package var seed = 0

  /// Of the random similarity: the block, counted from 0.
  package var block = 0

  package init() {}

  package init(_ similarity: Similarity, prefix: Int, seed: Int, block: Int) {
    self.similarity = similarity
    self.prefix = prefix
    self.seed = seed
    self.block = block
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("similarity", choice: &similarity)
    try coder.code("prefix", &prefix)
    try coder.code("seed", &seed)
    try coder.code("block", &block)
  }

  package var op: Op { .assign(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    let tokens = try check.partition(prefix: prefix, dropped: 2, destination: 3)
    for operand in [1, 3] { try check.someInUse(operand) }
    switch similarity {
    case .cosine, .l1, .l2: try check.count(4)
    case .attention:
      try check.count(5)
      let (rowCount, columns, unused) = try check.rows(4, tokensAlong: .columns)
      try check.that(
        columns == tokens.count && rowCount % tokens.count == 0
          && unused == tokens.unusedColumns,
        "softmax rows of \(tokens.count) tokens, found \(check.operands[4])")
    case .random:
      try check.count(5)
      try check.type(4, is: tokens.indices)
    }
    return [tokens.indices]
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    switch similarity {
    case .cosine, .l1, .l2:
      guard case .rows(_, let width, _) = operands[0] else { return 0 }
      return work(operands[1].elementCount, operands[2].elementCount, width)
    case .attention, .random: return 0
    }
  }
}

/// The most similar token of set B, by the keys, for each of set A: the patch tokens at positions `first`,
/// `first + 2`, ...; B is the others.
package struct BipartiteAssign: OpAttributes, ConstantFree {
  package static let kind = OpKind.bipartiteAssign

  /// Tokens in front of the patch tokens.
  package var prefix = 1
  package var heads = 1
  package var headWidth = 1

  /// The first position of set A, 0 or 1.
  package var first = 1

  package init() {}

  package init(prefix: Int, heads: Int, headWidth: Int, first: Int = 1) {
    self.prefix = prefix
    self.heads = heads
    self.headWidth = headWidth
    self.first = first
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("first", &first)
  }

  package var op: Op { .bipartiteAssign(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    try check.that(
      (1...1024).contains(heads) && (1...4096).contains(headWidth),
      "heads and their width, found \(self)")
    let (tokens, _) = try check.rows(0)
    try check.rows(0, are: tokens, 3 * heads * headWidth)
    let patches = try check.patches(of: tokens, behind: prefix)
    let sources = try check.sources(of: patches, first: first)
    return [.indices(count: sources), .rows(count: 1, width: sources)]
  }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard case .rows(let tokens, _, _) = operands[0] else { return 0 }
    let sources = results[0].elementCount
    return work(sources, tokens - prefix - sources, headWidth)
  }
}

/// The rows of the tokens that are left. Operands behind tokens, kept and destination, each if it is there:
/// weights `[1, N]`, sizes `[1, T]`, patch indices `[N]`.
///
/// A mean or a sum is weighed by the weights, without them by the sizes, without both evenly.
package struct Gather: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.gather

  /// What becomes of the rows that are not kept.
  package var mode = GatherMode.mean

  /// Tokens in front of the patch tokens.
  package var prefix = 1

  /// Weights are an operand.
  package var hasWeights = false

  /// Sizes are an operand and a result.
  package var hasSizes = false

  /// Original patch indices are an operand and a result.
  package var hasPatchIndices = false

  package init() {}

  package init(_ mode: GatherMode, prefix: Int) {
    self.mode = mode
    self.prefix = prefix
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("mode", choice: &mode)
    try coder.code("prefix", &prefix)
    try coder.code("has_weights", &hasWeights)
    try coder.code("has_sizes", &hasSizes)
    try coder.code("has_patch_indices", &hasPatchIndices)
  }

  package var op: Op { .gather(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(3 + [hasWeights, hasSizes, hasPatchIndices].count { $0 })
    let tokens = try check.partition(prefix: prefix, dropped: nil, destination: 2)
    let left = prefix + tokens.kept + (mode == .sum ? 1 : 0)
    let unused = tokens.unusedKept
    var next = 3
    var results = [
      ValueType.rows(count: left, width: tokens.width, unused: unused?.along(.rows))
    ]
    if hasWeights {
      try check.that(mode != .drop, "no weights of what is left out")
      try check.rows(next, are: 1, tokens.patches, unused: tokens.unusedColumns)
      next += 1
    }
    if hasSizes {
      try check.rows(next, are: 1, tokens.count, unused: tokens.unusedColumns)
      next += 1
      results.append(.rows(count: 1, width: left, unused: unused))
    }
    if hasPatchIndices {
      try check.type(next, is: tokens.indices)
      results.append(.indices(count: left - prefix, unused: unused))
    }
    return results
  }
}
