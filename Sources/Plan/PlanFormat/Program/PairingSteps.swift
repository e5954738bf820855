internal import ModelFacts
package import Records

/// The other patch token of the highest cosine for each.
package struct NearestAssignStep: StepPayload {
  package static let kind = StepKind.nearestAssign
  package var features: Set<PlanFeature> {
    Set.behind(prefix: prefix).union([.weighted])
  }

  package var prefix = 1
  package var tokens = 0

  /// `[1, N]`, int32: its position, never the own.
  package var nearest = 0

  /// `[1, N]`: how similar it is.
  package var similarity = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("tokens", &tokens)
    try coder.code("nearest", &nearest)
    try coder.code("similarity", &similarity)
  }

  package func verify(_ context: StepContext) throws {
    try context.range(prefix, "prefix", ModelFacts.prefixCounts)
    let patches = try context.buffer(tokens, "tokens").rows - prefix
    try context.range(patches, "patches", 2...(1 << 24))
    try context.buffer(nearest, "nearest", .int32, rows: 1, columns: patches)
    try context.buffer(similarity, "similarity", rows: 1, columns: patches)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    ranges[nearest] = 0...ranges.buffers[nearest].columns - 1
  }

  package var step: Step { .nearestAssign(self) }

  package var reads: [Int] { [tokens] }
  package var writes: [Int] { [nearest, similarity] }
  package var constants: [Int] { [] }

  /// As two tokens share a product.
  package func multiplyAdds(_ context: StepContext) -> Double {
    let patches = context.elements(of: nearest)
    return (patches * patches * Double(context.buffers[tokens].columns) / 2).rounded(.down)
  }
}

/// Which patch tokens leave, each into another.
package struct GreedyPartitionStep: StepPayload {
  package static let kind = StepKind.greedyPartition
  package var features: Set<PlanFeature> {
    Set.behind(prefix: prefix).union([.weighted])
  }

  package var prefix = 1

  /// K: the elements of `kept`.
  package var keep = 0
  package var tokens = 0

  /// `[1, N]`.
  package var importance = 0

  /// `[1, N]`, int32, and `[1, N]`, from ``NearestAssignStep``.
  package var nearest = 0
  package var similarity = 0

  /// `[1, T]`.
  package var sizes = 0

  /// `[1, K]`, int32, ascending: the patch position behind each new one.
  package var kept = 0

  /// `[1, N - K]`, int32, ascending patch positions.
  package var dropped = 0

  /// `[1, N]`, int32: the new patch position of each old one.
  package var destination = 0

  /// `[1, N]`: what each token counts for in a mean.
  package var weights = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("prefix", &prefix)
    try coder.code("keep", &keep)
    try coder.code("tokens", &tokens)
    try coder.code("importance", &importance)
    try coder.code("nearest", &nearest)
    try coder.code("similarity", &similarity)
    try coder.code("sizes", &sizes)
    try coder.code("kept", &kept)
    try coder.code("dropped", &dropped)
    try coder.code("destination", &destination)
    try coder.code("weights", &weights)
  }

  package func verify(_ context: StepContext) throws {
    try context.range(prefix, "prefix", ModelFacts.prefixCounts)
    let tokens = try context.buffer(self.tokens, "tokens").rows
    let patches = tokens - prefix
    try context.range(patches, "patches", 2...(1 << 24))
    // What always finds as many; with fewer kept the kernel would not end.
    try context.range(keep, "keep", patches - patches / 2...patches - 1)
    try context.buffer(importance, "importance", rows: 1, columns: patches)
    try context.buffer(nearest, "nearest", .int32, rows: 1, columns: patches)
    try context.buffer(similarity, "similarity", rows: 1, columns: patches)
    try context.buffer(sizes, "sizes", rows: 1, columns: tokens)
    try context.buffer(kept, "kept", .int32, rows: 1, columns: keep)
    try context.buffer(dropped, "dropped", .int32, rows: 1, columns: patches - keep)
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patches)
    try context.buffer(weights, "weights", rows: 1, columns: patches)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    let patches = ranges.buffers[destination].columns
    try ranges.require(nearest, below: patches, "step \(step), nearest")
    ranges[kept] = 0...patches - 1
    ranges[dropped] = 0...patches - 1
    ranges[destination] = 0...keep - 1
  }

  package var step: Step { .greedyPartition(self) }

  package var reads: [Int] { [tokens, importance, nearest, similarity, sizes] }
  package var writes: [Int] { [kept, dropped, destination, weights] }
  package var constants: [Int] { [] }

  /// With one more look at all tokens by those that are left.
  package func work(_ context: StepContext) -> Double {
    let patches = context.elements(of: nearest)
    return patches * patches * Double(context.buffers[tokens].columns) + elements(context)
  }
}
