package import Records

/// The other patch token of the highest cosine for each; ties go to the lower.
package struct NearestAssign: OpAttributes, ConstantFree {
  package static let kind = OpKind.nearestAssign

  /// Tokens in front of the patch tokens.
  package var prefix = 1

  package init() {}

  package init(prefix: Int) { self.prefix = prefix }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
  }

  package var op: Op { .nearestAssign(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let patches = try check.patches(of: try check.rows(0).count, behind: prefix)
    return [.indices(count: patches), .rows(count: 1, width: patches)]
  }

  /// Half of all products, since that of two tokens is the same for both.
  package func multiplyAdds(_ operands: [ValueType], _ results: [ValueType]) -> Int {
    guard case .rows(let tokens, let width, _) = operands[0] else { return 0 }
    let all = work(tokens - prefix, tokens - prefix, width)
    return all == .max ? all : all / 2
  }
}

/// Takes patch tokens away greedily, each into its most similar, where similarity and importance say that it costs
/// least: the order of `GreedyPartitionArguments`.
package struct GreedyPartition: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.greedyPartition

  /// Tokens in front of the patch tokens.
  package var prefix = 1

  /// K, those that are kept: at least half.
  package var keep = 0

  package init() {}

  package init(prefix: Int, keep: Int) {
    self.prefix = prefix
    self.keep = keep
  }

  /// The most of `patches` tokens that leave: of any tokens so many always can.
  package static func mostDropped(of patches: Int) -> Int { patches / 2 }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("keep", &keep)
  }

  package var op: Op { .greedyPartition(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(5)
    let tokens = try check.rows(0).count
    let patches = try check.patches(of: tokens, behind: prefix)
    try check.that(
      keep >= 1 && keep < patches,
      "to keep fewer than \(patches) tokens and at least 1, found \(keep)")
    let most = Self.mostDropped(of: patches)
    try check.that(
      patches - keep <= most,
      "to merge at most \(most) of \(patches) tokens, found to keep \(keep)")
    try check.rows(1, are: 1, patches)
    try check.type(2, is: .indices(count: patches))
    try check.rows(3, are: 1, patches)
    try check.rows(4, are: 1, tokens)
    return [
      .indices(count: keep), .indices(count: patches - keep), .indices(count: patches),
      .rows(count: 1, width: patches),
    ]
  }
}
