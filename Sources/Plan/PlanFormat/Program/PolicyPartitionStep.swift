package import ModelFacts
package import Records

/// Divides patch tokens into those that are kept and those that are dropped, by a rule of each image's own.
package struct PolicyPartitionStep: StepPayload {
  package static let kind = StepKind.policyPartition

  package var features: Set<PlanFeature> { [.methods] }

  /// The variance of importance below which tokens are pooled.
  package var threshold = Threshold()

  /// The first position of set A.
  package var first = 1

  /// K: the elements of an input row.
  package var keep = 0

  /// `[1, N]`.
  package var importance = 0

  /// `[1, A]`, of edges.
  package var scores = 0

  /// `[1, A]`, int32, from ``BipartiteAssignStep``.
  package var best = 0

  /// `[1, K]`, int32: the patch position behind each new one.
  package var kept = 0

  /// `[1, N - K]`, int32, ascending patch positions.
  package var dropped = 0

  /// `[1, N]`, int32: the new patch position of each old one, -1 for one that left.
  package var destination = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("threshold", record: &threshold)
    try coder.code("first", &first)
    try coder.code("keep", &keep)
    try coder.code("importance", &importance)
    try coder.code("scores", &scores)
    try coder.code("best", &best)
    try coder.code("kept", &kept)
    try coder.code("dropped", &dropped)
    try coder.code("destination", &destination)
  }

  package func verify(_ context: StepContext) throws {
    let patches = try context.buffer(destination, "destination", .int32).columns
    try context.require(
      threshold.value.isFinite, "threshold", "a finite number", "\(threshold.value)")
    try context.require(
      keep >= 1 && keep < patches, "keep", "1 to \(patches - 1)", "\(keep)")
    let sources = try context.sources(of: patches, first: first)
    try context.require(
      patches - keep <= sources, "keep", "to merge at most \(sources) of \(patches) tokens",
      "\(patches - keep)")
    try context.buffer(importance, "importance", rows: 1, columns: patches)
    try context.buffer(scores, "scores", rows: 1, columns: sources)
    try context.buffer(best, "best", .int32, rows: 1, columns: sources)
    try context.buffer(kept, "kept", .int32, rows: 1, columns: keep)
    try context.buffer(dropped, "dropped", .int32, rows: 1, columns: patches - keep)
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patches)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    let patches = ranges.buffers[destination].columns
    let others = patches - ranges.buffers[best].columns
    try ranges.require(best, below: others, "step \(step), best")
    ranges[kept] = 0...patches - 1
    ranges[dropped] = 0...patches - 1
    ranges[destination] = -1...keep - 1
  }

  package var step: Step { .policyPartition(self) }

  package var reads: [Int] { [importance, scores, best] }
  package var writes: [Int] { [kept, dropped, destination] }
  package var constants: [Int] { [] }
}
