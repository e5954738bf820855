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

/// Selection of the `keep` most important patch tokens; ties go to the lower index.
package struct Select: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.select

  /// Tokens in front of the patch tokens, which always stay.
  package var prefix = 1

  /// `K`, the number of patch tokens that stay.
  package var keep = 0

  package init() {}

  package init(prefix: Int, keep: Int) {
    self.prefix = prefix
    self.keep = keep
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("keep", &keep)
  }

  package var op: Op { .select(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (_, tokens) = try check.rows(0)
    try check.that((1...2).contains(prefix), "1 or 2 prefix tokens, found \(prefix)")
    let patches = tokens - prefix
    try check.that(
      keep >= 1 && keep < patches,
      "to keep fewer than \(patches) tokens and at least 1, found \(keep)")
    return [
      .indices(count: keep), .indices(count: patches - keep),
      .rows(count: 1, width: patches),
    ]
  }
}

/// What becomes of the tokens that were not selected.
///
/// Optional operands after tokens, kept, dropped and importance come in this order: sizes
/// (`carriesSizes`), probabilities (`similarity == .attention`), patch indices
/// (`carriesPatchIndices`).
package struct Reduce: OpAttributes, ConstantFree {
  package static let kind = OpKind.reduce

  /// `merge`, `fuse` or `drop`.
  package var strategy = ReductionStrategy.merge

  /// Which kept token a dropped one joins; `merge` only.
  package var similarity = Similarity.cosine

  /// Tokens in front of the patch tokens.
  package var prefix = 1

  /// Seed of the `random` similarity.
  package var seed = 0

  /// The block, counted from 0, that the reduction belongs to; input of the `random` similarity.
  package var block = 0

  /// Sizes are an operand and a result, and weigh the mean in place of importance.
  package var carriesSizes = false

  /// Original patch indices are an operand and a result.
  package var carriesPatchIndices = false

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("strategy", choice: &strategy)
    try coder.code("similarity", choice: &similarity)
    try coder.code("prefix", &prefix)
    try coder.code("seed", &seed)
    try coder.code("block", &block)
    try coder.code("carries_sizes", &carriesSizes)
    try coder.code("carries_patch_indices", &carriesPatchIndices)
  }

  package var op: Op { .reduce(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    let merges = strategy == .merge
    let needsProbabilities = merges && similarity == .attention
    try check.count(
      4 + (carriesSizes ? 1 : 0) + (needsProbabilities ? 1 : 0)
        + (carriesPatchIndices ? 1 : 0))
    try check.that(strategy != .tome, "merge, fuse or drop, found tome")
    let (tokens, width) = try check.rows(0)
    let kept = try check.indices(1)
    let dropped = try check.indices(2)
    try check.that((1...2).contains(prefix), "1 or 2 prefix tokens, found \(prefix)")
    let patches = tokens - prefix
    try check.that(
      kept + dropped == patches, "indices of \(patches) patch tokens, found \(kept) + \(dropped)")
    try check.rows(3, are: 1, patches)
    var next = 4
    if carriesSizes {
      try check.rows(next, are: 1, tokens)
      next += 1
    }
    if needsProbabilities {
      let (rowCount, columns) = try check.rows(next)
      try check.that(
        columns == tokens && rowCount % tokens == 0,
        "softmax rows of \(tokens) tokens, found \(check.operands[next])")
      next += 1
    }
    if carriesPatchIndices {
      try check.that(
        try check.indices(next) == patches,
        "\(patches) patch indices, found \(check.operands[next])")
    }
    let left = prefix + kept + (strategy == .fuse ? 1 : 0)
    var results = [ValueType.rows(count: left, width: width)]
    if merges { results.append(.indices(count: dropped)) }
    if carriesSizes { results.append(.rows(count: 1, width: left)) }
    if carriesPatchIndices { results.append(.indices(count: left - prefix)) }
    return results
  }

  package var name: String { strategy.word }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard strategy == .merge, similarity.isProduct, case .rows(_, let width) = operands[0]
    else { return 0 }
    return work(operands[1].elementCount, operands[2].elementCount, width)
  }
}

/// Bipartite soft matching: `N - keep` tokens at odd positions join their match.
package struct Match: OpAttributes, ConstantFree {
  package static let kind = OpKind.match

  package var prefix = 1

  /// `K`, the number of patch tokens that are left.
  package var keep = 0
  package var heads = 1
  package var headWidth = 1

  package init() {}

  package init(prefix: Int, keep: Int, heads: Int, headWidth: Int) {
    self.prefix = prefix
    self.keep = keep
    self.heads = heads
    self.headWidth = headWidth
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("keep", &keep)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
  }

  package var op: Op { .match(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(3)
    let (tokens, width) = try check.rows(0)
    try check.that((1...2).contains(prefix), "1 or 2 prefix tokens, found \(prefix)")
    let patches = tokens - prefix
    try check.that(
      keep < patches && keep >= patches - patches / 2,
      "to merge at most \(patches / 2) of \(patches) tokens, found to keep \(keep)")
    try check.that(
      (1...1024).contains(heads) && (1...4096).contains(headWidth),
      "heads and their width, found \(self)")
    try check.rows(1, are: tokens, 3 * heads * headWidth)
    try check.rows(2, are: 1, tokens)
    return [
      .rows(count: prefix + keep, width: width),
      .rows(count: 1, width: prefix + keep),
      .indices(count: patches),
    ]
  }

  package var name: String { "tome" }

  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard case .rows(let tokens, _) = operands[0] else { return 0 }
    let patches = tokens - prefix
    return work(patches / 2, patches - patches / 2, headWidth)
  }
}

extension Similarity {
  /// Whether it multiplies tokens by tokens.
  fileprivate var isProduct: Bool {
    switch self {
    case .cosine, .l1, .l2: true
    case .attention, .random: false
    }
  }
}
