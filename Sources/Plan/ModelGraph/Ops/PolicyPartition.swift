package import ModelFacts
package import Records

/// Which patch tokens are kept, by a rule of each image's own, as `PolicyPartitionArguments` says: pooled along edges
/// where importance varies little, else the most important, by falling importance. Operands: importance `[1, N]`, the
/// scores of edges `[1, A]` and their ends `[A]`. Results: kept `[K]`, dropped `[N - K]`, and the new position of each
/// old one, `[N]`, -1 for one that left.
package struct PolicyPartition: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.policyPartition

  /// N, the patch tokens.
  package var patches = 0

  /// K, those that are kept.
  package var keep = 0

  /// The first position of set A, whose tokens can be pooled; it is every other position.
  package var first = 1

  /// The variance of importance below which tokens are pooled.
  package var threshold = Threshold()

  package init() {}

  package init(patches: Int, keep: Int, first: Int, threshold: Threshold) {
    self.patches = patches
    self.keep = keep
    self.first = first
    self.threshold = threshold
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("patches", &patches)
    try coder.code("keep", &keep)
    try coder.code("first", &first)
    try coder.code("threshold", record: &threshold)
  }

  package var op: Op { .policyPartition(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(3)
    try check.that(
      (2...(1 << 24)).contains(patches), "2 patch tokens or more, found \(patches)")
    try check.that(
      keep >= 1 && keep < patches,
      "to keep fewer than \(patches) tokens and at least 1, found \(keep)")
    try check.that(
      threshold.value.isFinite, "a finite threshold, found \(threshold.value)")
    let sources = try check.sources(of: patches, first: first)
    try check.that(
      patches - keep <= sources,
      "to merge at most \(sources) of \(patches) tokens, found to keep \(keep)")
    try check.rows(0, are: 1, patches)
    try check.rows(1, are: 1, sources)
    try check.type(2, is: .indices(count: sources))
    return [
      .indices(count: keep), .indices(count: patches - keep), .indices(count: patches),
    ]
  }
}
