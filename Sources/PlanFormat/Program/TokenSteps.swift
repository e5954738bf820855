package import ModelFacts
package import Records

/// Chooses the most important patch tokens from the class token's softmax rows.
package struct SelectStep: StepPayload {
  package static let kind = StepKind.select

  /// `[heads, T]`.
  package var classRows = 0
  package var prefix = 1
  package var keep = 0

  /// `[1, K]`, int32, ascending patch positions.
  package var kept = 0

  /// `[1, N - K]`, int32, ascending patch positions.
  package var dropped = 0

  /// `[1, N]`.
  package var importance = 0

  /// `[1, N]`, int32: the new patch position of each old one, -1 for those that are dropped; a
  /// merge completes it.
  package var destination = 0

  /// Dropped tokens' destination is the fused token, position `K`.
  package var fuses = false

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("class_rows", &classRows)
    try coder.code("prefix", &prefix)
    try coder.code("keep", &keep)
    try coder.code("kept", &kept)
    try coder.code("dropped", &dropped)
    try coder.code("importance", &importance)
    try coder.code("destination", &destination)
    try coder.code("fuses", &fuses)
  }

  package func verify(_ context: StepContext) throws {
    let tokens = try context.buffer(classRows, "class rows").columns
    try context.range(prefix, "prefix", 1...2)
    let patches = tokens - prefix
    try context.require(
      keep >= 1 && keep < patches, "keep", "1 to \(patches - 1)", "\(keep)")
    try context.buffer(kept, "kept", .int32, rows: 1, columns: keep)
    try context.buffer(dropped, "dropped", .int32, rows: 1, columns: patches - keep)
    try context.buffer(importance, "importance", rows: 1, columns: patches)
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patches)
    try context.disjointResults(of: self)
  }

  package var step: Step { .select(self) }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    let patches = ranges.buffers[importance].columns
    ranges[kept] = 0...patches - 1
    ranges[dropped] = 0...patches - 1
    ranges[destination] = fuses ? 0...keep : -1...keep - 1
  }

  package var reads: [Int] { [classRows] }
  package var writes: [Int] { [kept, dropped, importance, destination] }
  package var constants: [Int] { [] }
}

/// Joins, fuses or leaves out the tokens that were not selected.
package struct ReduceStep: StepPayload {
  package static let kind = StepKind.reduce

  package var strategy = ReductionStrategy.merge
  package var similarity = Similarity.cosine
  package var seed = 0
  package var block = 0
  package var prefix = 1
  package var tokens = 0
  package var kept = 0
  package var dropped = 0
  package var importance = 0

  /// `[1, N]`, int32, from the selection; a merge completes it in place.
  package var destination = 0

  /// `[1, T]` before and after; in place of importance as weights of a merge.
  package var sizes: Int?
  package var newSizes: Int?

  /// `[1, N]`, int32, original patch indices before and after.
  package var patchIndices: Int?
  package var newPatchIndices: Int?

  /// `[heads * T, T]`, for the attention similarity.
  package var probabilities: Int?
  package var output = 0

  /// `[1, N - K]`, int32: which kept token each dropped one joins; merge only.
  package var into: Int?

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("strategy", choice: &strategy)
    try coder.code("similarity", choice: &similarity)
    try coder.code("seed", &seed)
    try coder.code("block", &block)
    try coder.code("prefix", &prefix)
    try coder.code("tokens", &tokens)
    try coder.code("kept", &kept)
    try coder.code("dropped", &dropped)
    try coder.code("importance", &importance)
    try coder.code("destination", &destination)
    try coder.code("sizes", optional: &sizes)
    try coder.code("new_sizes", optional: &newSizes)
    try coder.code("patch_indices", optional: &patchIndices)
    try coder.code("new_patch_indices", optional: &newPatchIndices)
    try coder.code("probabilities", optional: &probabilities)
    try coder.code("output", &output)
    try coder.code("into", optional: &into)
  }

  package func verify(_ context: StepContext) throws {
    let tokens = try context.buffer(self.tokens, "tokens")
    try context.range(prefix, "prefix", 1...2)
    let patches = tokens.rows - prefix
    let kept = try context.buffer(self.kept, "kept", .int32).columns
    let dropped = patches - kept
    try context.range(kept, "kept", 1...max(1, patches - 1))
    try context.buffer(self.kept, "kept", .int32, rows: 1, columns: kept)
    try context.buffer(self.dropped, "dropped", .int32, rows: 1, columns: dropped)
    try context.buffer(importance, "importance", rows: 1, columns: patches)
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patches)
    let merges = strategy == .merge
    let left = kept + (strategy == .fuse ? 1 : 0)
    try context.require(strategy != .tome, "strategy", "merge, fuse or drop", "tome")
    try context.require(
      (sizes == nil) == (newSizes == nil), "new sizes", "to come with sizes", "one of both")
    try context.require(
      (patchIndices == nil) == (newPatchIndices == nil), "new patch indices",
      "to come with patch indices", "one of both")
    if let sizes { try context.buffer(sizes, "sizes", rows: 1, columns: tokens.rows) }
    if let newSizes {
      try context.buffer(newSizes, "new sizes", rows: 1, columns: prefix + left)
    }
    if let patchIndices {
      try context.buffer(patchIndices, "patch indices", .int32, rows: 1, columns: patches)
    }
    if let newPatchIndices {
      try context.buffer(newPatchIndices, "new patch indices", .int32, rows: 1, columns: left)
    }
    let needsProbabilities = merges && similarity == .attention
    try context.require(
      (probabilities != nil) == needsProbabilities, "probabilities",
      needsProbabilities ? "a buffer" : "none", needsProbabilities ? "none" : "a buffer")
    if let probabilities {
      let heads = try context.buffer(probabilities, "probabilities").rows / tokens.rows
      try context.range(heads, "heads", 1...1024)
      try context.buffer(
        probabilities, "probabilities", rows: heads * tokens.rows, columns: tokens.rows)
    }
    try context.buffer(output, "output", rows: prefix + left, columns: tokens.columns)
    try context.require(
      (into != nil) == merges, "into", merges ? "a buffer" : "none", merges ? "none" : "a buffer")
    if let into { try context.buffer(into, "into", .int32, rows: 1, columns: dropped) }
    try context.disjointResults(of: self)
  }

  package var step: Step { .reduce(self) }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    let patches = ranges.buffers[importance].columns
    try ranges.require(kept, below: patches, "step \(step), kept")
    try ranges.require(dropped, below: patches, "step \(step), dropped")
    if let into { ranges[into] = 0...ranges.buffers[kept].columns - 1 }
    if let patchIndices, let newPatchIndices {
      // A token that none was fused into has no origin, which is the largest index.
      ranges[newPatchIndices] = strategy == .fuse ? -1...Int(Int32.max) : ranges[patchIndices]
    }
  }

  package var reads: [Int] {
    [tokens, kept, dropped, importance, destination]
      + [sizes, patchIndices, probabilities].compactMap(\.self)
  }
  package var writes: [Int] { [output] + [into, newSizes, newPatchIndices].compactMap(\.self) }
  package var constants: [Int] { [] }

  package func work(_ context: StepContext) -> Double {
    let (kept, dropped) = (context.elements(of: kept), context.elements(of: dropped))
    return kept * dropped * Double(context.buffers[tokens].columns) + elements(context)
  }
}

extension ReduceStep {
  /// Sizes weigh the mean of a merge in place of importance.
  package var mergesBySize: Bool { strategy == .merge && sizes != nil }
}

/// Bipartite soft matching.
package struct MatchStep: StepPayload {
  package static let kind = StepKind.match

  package var tokens = 0
  package var qkv = 0
  package var sizes = 0
  package var prefix = 1
  package var keep = 0
  package var heads = 1
  package var headWidth = 1
  package var output = 0
  package var newSizes = 0

  /// `[1, N / 2]`, int32: for each odd patch the even one that is most similar.
  package var best = 0

  /// `[1, N / 2]`: how similar.
  package var score = 0

  /// `[1, K]`, int32: the old patch position behind each new one.
  package var kept = 0

  /// `[1, N]`, int32: the new patch position of each old patch token.
  package var destination = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("tokens", &tokens)
    try coder.code("qkv", &qkv)
    try coder.code("sizes", &sizes)
    try coder.code("prefix", &prefix)
    try coder.code("keep", &keep)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("output", &output)
    try coder.code("new_sizes", &newSizes)
    try coder.code("best", &best)
    try coder.code("score", &score)
    try coder.code("kept", &kept)
    try coder.code("destination", &destination)
  }

  package func verify(_ context: StepContext) throws {
    let tokens = try context.buffer(self.tokens, "tokens")
    try context.range(prefix, "prefix", 1...2)
    try context.range(heads, "heads", 1...1024)
    try context.range(headWidth, "head width", 1...4096)
    let patches = tokens.rows - prefix
    try context.range(keep, "keep", 1...(1 << 24))
    try context.require(
      keep < patches && patches - keep <= patches / 2, "keep",
      "to merge at most \(patches / 2) of \(patches) tokens", "\(patches - keep)")
    try context.buffer(qkv, "qkv", rows: tokens.rows, columns: 3 * heads * headWidth)
    try context.buffer(sizes, "sizes", rows: 1, columns: tokens.rows)
    try context.buffer(output, "output", rows: prefix + keep, columns: tokens.columns)
    try context.buffer(newSizes, "new sizes", rows: 1, columns: prefix + keep)
    try context.buffer(best, "best", .int32, rows: 1, columns: patches / 2)
    try context.buffer(score, "score", rows: 1, columns: patches / 2)
    try context.buffer(kept, "kept", .int32, rows: 1, columns: keep)
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patches)
    try context.disjointResults(of: self)
  }

  package var step: Step { .match(self) }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    let patches = ranges.buffers[destination].columns
    ranges[best] = 0...patches - 1
    ranges[kept] = 0...patches - 1
    ranges[destination] = 0...keep - 1
  }

  package var reads: [Int] { [tokens, qkv, sizes] }
  package var writes: [Int] { [output, newSizes, best, score, kept, destination] }
  package var constants: [Int] { [] }

  package func work(_ context: StepContext) -> Double {
    let pairs = context.elements(of: best) * Double(context.buffers[tokens].rows)
    return pairs * Double(headWidth) + elements(context)
  }
}

/// Ones in a float32 buffer; 0, 1, 2, ... in an int32 buffer.
package struct FillStep: StepPayload {
  package static let kind = StepKind.fill

  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    try context.require(
      context.buffers.indices.contains(output), "output",
      "one of \(context.buffers.count) buffers", "\(output)")
  }

  package var step: Step { .fill(self) }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    ranges[output] = 0...ranges.buffers[output].rows * ranges.buffers[output].columns - 1
  }

  package var reads: [Int] { [] }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [] }
}
