package import ModelFacts
package import Records

/// Importance of the patch tokens from softmax rows: the class token's, or all.
package struct ScoreStep: IndexFreeStep {
  package static let kind = StepKind.score

  package var features: Set<PlanFeature> { .behind(prefix: prefix) }

  /// `[heads, T]`, the class token's, or `[heads * T, T]`, those of all tokens.
  package var classAttention = 0
  package var prefix = 1

  /// `[1, N]`.
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("class_attention", &classAttention)
    try coder.code("prefix", &prefix)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    let tokens = try context.buffer(classAttention, "class attention").columns
    try context.range(prefix, "prefix", ModelFacts.prefixCounts)
    try context.buffer(output, "output", rows: 1, columns: tokens - prefix)
    try context.distinct(output, from: [classAttention])
  }

  package var step: Step { .score(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.columns(classAttention), .columns(output)]]
  }

  package var reads: [Int] { [classAttention] }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [] }
}

/// Divides patch tokens into those that are kept and those that are dropped.
package struct PartitionStep: StepPayload {
  package static let kind = StepKind.partition

  package var order = PartitionOrder.importance

  /// Importance `[1, N]`, or the scores of edges, `[1, A]`.
  package var scores = 0

  /// Edges only: `[1, A]`, int32, from ``BipartiteAssignStep``.
  package var best: Int?

  /// Edges only: the first position of set A.
  package var first = 1

  /// K: the elements of an input row.
  package var keep = 0

  /// Importance only: dropped tokens' destination is one more row, behind those that an image keeps;
  /// otherwise -1.
  package var appendsRow = false

  /// `[1, K]`, int32: the patch position behind each new one.
  package var kept = 0

  /// `[1, N - K]`, int32, ascending patch positions; `[1, N - 1]` with ``unused``.
  package var dropped = 0

  /// `[1, N]`, int32: the new patch position of each old one.
  package var destination = 0

  /// Importance only: tokens of less are not kept, but that of the most always is.
  package var threshold: Threshold?

  /// `[1, 1]`, int32: how many of K are not in use. With a threshold, and where ``scores`` need not all be in
  /// use.
  package var unused: Int?

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("order", choice: &order)
    try coder.code("scores", &scores)
    try coder.code("best", optional: &best)
    try coder.code("first", &first)
    try coder.code("keep", &keep)
    try coder.code("appends_row", &appendsRow)
    try coder.code("kept", &kept)
    try coder.code("dropped", &dropped)
    try coder.code("destination", &destination)
    try coder.code("threshold", optional: &threshold)
    try coder.code("unused", optional: &unused)
  }

  package func verify(_ context: StepContext) throws {
    let patches = try context.buffer(destination, "destination", .int32).columns
    try context.require(
      keep >= 1 && keep < patches, "keep", "1 to \(patches - 1)", "\(keep)")
    try context.require(
      (best != nil) == (order == .edges), "best", "a buffer with edges alone",
      best == nil ? "none" : "one")
    switch order {
    case .importance: try context.buffer(scores, "scores", rows: 1, columns: patches)
    case .edges:
      let sources = try context.sources(of: patches, first: first)
      try context.require(
        patches - keep <= sources, "keep",
        "to merge at most \(sources) of \(patches) tokens", "\(patches - keep)")
      try context.buffer(scores, "scores", rows: 1, columns: sources)
      if let best { try context.buffer(best, "best", .int32, rows: 1, columns: sources) }
      try context.require(!appendsRow, "one more row", "none with edges", "one")
    }
    try context.buffer(kept, "kept", .int32, rows: 1, columns: keep)
    try verifyCount(context)
    try context.buffer(
      dropped, "dropped", .int32, rows: 1, columns: patches - (unused == nil ? keep : 1))
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patches)
    try context.disjointResults(of: self)
  }

  /// Throws unless there is a count where images keep different numbers of tokens, which is then that of
  /// those that are kept.
  private func verifyCount(_ context: StepContext) throws {
    if let threshold {
      try context.require(
        order == .importance, "threshold", "none with edges", "\(threshold.value)")
      try context.require(
        threshold.value.isFinite, "threshold", "a finite number", "\(threshold.value)")
    }
    let isCounted = threshold != nil || context.buffers[scores].unused != nil
    try context.require(
      (unused != nil) == isCounted, "unused", "a buffer where the number that is kept can differ",
      unused == nil ? "none" : "one")
    if let unused { try context.buffer(unused, "unused", .int32, rows: 1, columns: 1) }
    let found = context.buffers[kept].unused
    try context.require(
      found == unused.map { UnusedRecord($0, along: .columns) }, "kept",
      unused.map { "columns less those that buffer \($0) says" } ?? "a buffer that is all in use",
      found.map { "\($0.axis.word) less those of buffer \($0.buffer)" } ?? "one all in use")
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    let patches = ranges.buffers[destination].columns
    if let best {
      let others = patches - ranges.buffers[best].columns
      try ranges.require(best, below: others, "step \(step), best")
    }
    ranges[kept] = 0...patches - 1
    ranges[dropped] = 0...patches - 1
    switch order {
    case .importance: ranges[destination] = appendsRow ? 0...keep : -1...keep - 1
    case .edges: ranges[destination] = 0...keep - 1
    }
    if let unused { ranges[unused] = 0...keep - 1 }
  }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    switch order {
    case .importance: [[.columns(scores), .columns(destination)], [.columns(kept)]]
    case .edges: []
    }
  }

  package var step: Step { .partition(self) }

  package var reads: [Int] { [scores] + [best].compactMap(\.self) }
  package var writes: [Int] { [kept, dropped, destination] + [unused].compactMap(\.self) }
  package var constants: [Int] { [] }
}

/// The rows of the tokens that are left.
package struct GatherStep: StepPayload {
  package static let kind = StepKind.gather

  package var features: Set<PlanFeature> { .behind(prefix: prefix) }

  package var mode = GatherMode.mean
  package var prefix = 1
  package var tokens = 0

  /// `[1, K]`, int32.
  package var kept = 0

  /// `[1, N]`, int32.
  package var destination = 0

  /// `[1, N]`: weights of a mean or a sum; without them sizes weigh, and without those all alike.
  package var weights: Int?

  /// `[1, T]` before and after.
  package var sizes: Int?
  package var newSizes: Int?

  /// `[1, N]`, int32, original patch indices before and after.
  package var patchIndices: Int?
  package var newPatchIndices: Int?
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("mode", choice: &mode)
    try coder.code("prefix", &prefix)
    try coder.code("tokens", &tokens)
    try coder.code("kept", &kept)
    try coder.code("destination", &destination)
    try coder.code("weights", optional: &weights)
    try coder.code("sizes", optional: &sizes)
    try coder.code("new_sizes", optional: &newSizes)
    try coder.code("patch_indices", optional: &patchIndices)
    try coder.code("new_patch_indices", optional: &newPatchIndices)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    let tokens = try context.buffer(self.tokens, "tokens")
    try context.range(prefix, "prefix", ModelFacts.prefixCounts)
    let patches = tokens.rows - prefix
    let kept = try context.buffer(self.kept, "kept", .int32).columns
    // Where images keep different numbers, one may keep all.
    let isCounted = context.buffers[self.kept].unused != nil
    try context.range(kept, "kept", 1...max(1, isCounted ? patches : patches - 1))
    try context.buffer(self.kept, "kept", .int32, rows: 1, columns: kept)
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patches)
    let left = kept + (mode == .sum ? 1 : 0)
    if let weights {
      try context.require(mode != .drop, "weights", "none of what is left out", "a buffer")
      try context.buffer(weights, "weights", rows: 1, columns: patches)
    }
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
    try context.buffer(output, "output", rows: prefix + left, columns: tokens.columns)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    // Destinations are only compared, never followed.
    let patches = ranges.buffers[destination].columns
    try ranges.require(kept, below: patches, "step \(step), kept")
    if let patchIndices, let newPatchIndices {
      // A sum has no index.
      let range = ranges[patchIndices]
      ranges[newPatchIndices] =
        mode == .sum ? min(-1, range.lowerBound)...max(-1, range.upperBound) : range
    }
  }

  package var step: Step { .gather(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    func rows(_ buffer: Int) -> TokenPlace {
      .rows(RowsOperand(buffer, first: 0, count: buffers[buffer].rows))
    }
    func columns(_ own: [Int?]) -> [TokenPlace] { own.compactMap { $0.map(TokenPlace.columns) } }
    return [
      [rows(tokens)] + columns([destination, weights, sizes, patchIndices]),
      [rows(output)] + columns([kept, newSizes, newPatchIndices]),
    ]
  }

  package var reads: [Int] {
    [tokens, kept, destination] + [weights, sizes, patchIndices].compactMap(\.self)
  }
  package var writes: [Int] { [output] + [newSizes, newPatchIndices].compactMap(\.self) }
  package var constants: [Int] { [] }
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
