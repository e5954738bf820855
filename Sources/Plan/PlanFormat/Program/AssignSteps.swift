package import ModelFacts
package import Records

/// The most similar kept token of each dropped one.
package struct AssignStep: StepPayload {
  package static let kind = StepKind.assign

  package var features: Set<PlanFeature> { .behind(prefix: prefix) }

  package var similarity = Similarity.cosine
  package var seed = 0
  package var block = 0
  package var prefix = 1
  package var tokens = 0

  /// `[1, K]`, int32.
  package var kept = 0

  /// `[1, N - K]`, int32.
  package var dropped = 0

  /// `[1, N]`, int32, from the partition; the dropped tokens' entries are written in place.
  package var destination = 0

  /// `[heads * T, T]`, for the attention similarity.
  package var probabilities: Int?

  /// `[1, N]`, int32, for the random similarity.
  package var patchIndices: Int?

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("similarity", choice: &similarity)
    try coder.code("seed", &seed)
    try coder.code("block", &block)
    try coder.code("prefix", &prefix)
    try coder.code("tokens", &tokens)
    try coder.code("kept", &kept)
    try coder.code("dropped", &dropped)
    try coder.code("destination", &destination)
    try coder.code("probabilities", optional: &probabilities)
    try coder.code("patch_indices", optional: &patchIndices)
  }

  package func verify(_ context: StepContext) throws {
    let tokens = try context.buffer(self.tokens, "tokens")
    try context.range(prefix, "prefix", ModelFacts.prefixCounts)
    let patches = tokens.rows - prefix
    let kept = try context.buffer(self.kept, "kept", .int32).columns
    try context.range(kept, "kept", 1...max(1, patches - 1))
    try context.buffer(self.kept, "kept", .int32, rows: 1, columns: kept)
    let isCounted = context.buffers[self.kept].unused != nil
    try context.buffer(
      dropped, "dropped", .int32, rows: 1, columns: patches - (isCounted ? 1 : kept))
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patches)
    try context.require(
      (probabilities != nil) == (similarity == .attention), "probabilities",
      "a buffer with the attention similarity alone", probabilities == nil ? "none" : "one")
    try context.require(
      (patchIndices != nil) == (similarity == .random), "patch indices",
      "a buffer with the random similarity alone", patchIndices == nil ? "none" : "one")
    if let probabilities {
      let heads = try context.buffer(probabilities, "probabilities").rows / tokens.rows
      try context.range(heads, "heads", 1...1024)
      try context.buffer(
        probabilities, "probabilities", rows: heads * tokens.rows, columns: tokens.rows)
    }
    if let patchIndices {
      try context.buffer(patchIndices, "patch indices", .int32, rows: 1, columns: patches)
    }
    try context.distinct(
      destination,
      from: [self.tokens, self.kept, dropped] + [probabilities, patchIndices].compactMap(\.self))
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    let patches = ranges.buffers[destination].columns
    try ranges.require(kept, below: patches, "step \(step), kept")
    try ranges.require(dropped, below: patches, "step \(step), dropped")
    let (before, keep) = (ranges[destination], ranges.buffers[kept].columns)
    ranges[destination] = min(0, before.lowerBound)...max(keep - 1, before.upperBound)
  }

  package var step: Step { .assign(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    let columns = [destination, probabilities, patchIndices].compactMap {
      $0.map(TokenPlace.columns)
    }
    let rows = RowsOperand(tokens, first: 0, count: buffers[tokens].rows)
    return [[.rows(rows)] + columns, [.columns(kept)]]
  }

  package var reads: [Int] {
    [tokens, kept, dropped, destination] + [probabilities, patchIndices].compactMap(\.self)
  }
  package var writes: [Int] { [destination] }
  package var constants: [Int] { [] }

  package func multiplyAdds(_ context: StepContext) -> Double {
    switch similarity {
    case .cosine, .l1, .l2:
      context.elements(of: kept) * context.elements(of: dropped)
        * Double(context.buffers[tokens].columns)
    case .attention, .random: 0
    }
  }
}

/// The most similar token of set B, by the keys, for each of set A: every other patch token from position
/// `first` on; B is the others.
package struct BipartiteAssignStep: StepPayload {
  package static let kind = StepKind.bipartiteAssign

  package var features: Set<PlanFeature> { .behind(prefix: prefix) }

  package var qkv = 0
  package var prefix = 1
  package var heads = 1
  package var headWidth = 1

  /// The first position of set A, 0 or 1.
  package var first = 1

  /// `[1, A]`, int32: for each of A the index in B of its best.
  package var best = 0

  /// `[1, A]`: how similar.
  package var score = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("qkv", &qkv)
    try coder.code("prefix", &prefix)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("first", &first)
    try coder.code("best", &best)
    try coder.code("score", &score)
  }

  package func verify(_ context: StepContext) throws {
    try context.range(prefix, "prefix", ModelFacts.prefixCounts)
    try context.range(heads, "heads", 1...1024)
    try context.range(headWidth, "head width", 1...4096)
    let tokens = try context.buffer(qkv, "qkv").rows
    try context.buffer(qkv, "qkv", rows: tokens, columns: 3 * heads * headWidth)
    let patches = tokens - prefix
    try context.range(patches, "patches", 2...(1 << 24))
    let sources = try context.sources(of: patches, first: first)
    try context.buffer(best, "best", .int32, rows: 1, columns: sources)
    try context.buffer(score, "score", rows: 1, columns: sources)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    // Of each set there is one token at least, and of B not more than all but A.
    ranges[best] = 0...ranges.buffers[qkv].rows - prefix - ranges.buffers[best].columns - 1
  }

  package var step: Step { .bipartiteAssign(self) }

  package var reads: [Int] { [qkv] }
  package var writes: [Int] { [best, score] }
  package var constants: [Int] { [] }

  package func multiplyAdds(_ context: StepContext) -> Double {
    let sources = context.elements(of: best)
    let others = Double(context.buffers[qkv].rows - prefix) - sources
    return sources * others * Double(headWidth)
  }
}

extension StepContext {
  /// The tokens of set A, every other of `patches` from position `first` on.
  func sources(of patches: Int, first: Int) throws -> Int {
    try range(first, "first", 0...1)
    return (patches - first + 1) / 2
  }
}
