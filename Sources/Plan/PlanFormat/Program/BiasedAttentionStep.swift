package import ModelFacts
package import Records

/// ``AttentionStep`` with a relative position bias.
package struct BiasedAttentionStep: StepPayload {
  package static let kind = StepKind.biasedAttention

  package var features: Set<PlanFeature> { [.biasedAttention] }

  /// What it computes but for the bias.
  package var attention = AttentionStep()

  /// The constant `[heads, entries]`, those of ``grid``.
  package var table = 0

  /// The grid of patches.
  package var gridHeight = 1
  package var gridWidth = 1

  /// Tokens in front of the patch tokens, 0 or 1.
  package var prefix = 1

  /// `[1, T - prefix]`, int32: each patch token's patch, or -1 for a token that has none; without it token i is
  /// patch i.
  package var patchIndices: Int?

  package init() {}

  /// The grid of a verified step.
  package var grid: RelativeGrid? {
    RelativeGrid(rows: gridHeight, columns: gridWidth, prefix: prefix)
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try attention.code(fields: &coder)
    try coder.code("table", &table)
    try coder.code("grid_height", &gridHeight)
    try coder.code("grid_width", &gridWidth)
    try coder.code("prefix", &prefix)
    try coder.code("patch_indices", optional: &patchIndices)
  }

  package func verify(_ context: StepContext) throws {
    try attention.verify(context)
    let tokens = context.buffers[attention.qkv].rows
    try context.range(prefix, "prefix", 0...min(1, tokens - 1))
    guard let grid else {
      return try context.require(
        false, "grid", "1 to 4096 patches both ways", "\(gridHeight) x \(gridWidth)")
    }
    try context.table(table, "table", [attention.heads, grid.entries])
    if let patchIndices {
      try context.buffer(
        patchIndices, "patch indices", .int32, rows: 1, columns: tokens - prefix)
      try context.disjointResults(of: self)
    } else {
      try context.require(
        grid.patches == tokens - prefix, "grid", "\(tokens - prefix) patches",
        "\(gridHeight) x \(gridWidth)")
    }
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    guard let patchIndices else { return }
    try ranges.require(
      patchIndices, below: gridHeight * gridWidth, from: -1, "step \(step), patch indices")
  }

  package var step: Step { .biasedAttention(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    var groups = attention.tokens(buffers)
    groups[0] += [patchIndices].compactMap { $0.map(TokenPlace.columns) }
    return groups
  }

  package var reads: [Int] { attention.reads + [patchIndices].compactMap(\.self) }
  package var writes: [Int] { attention.writes }
  package var constants: [Int] { [table] }

  package func multiplyAdds(_ context: StepContext) -> Double { attention.multiplyAdds(context) }

  package func work(_ context: StepContext) -> Double {
    // An addition for each score beside the two products of all heads.
    let tokens = Double(context.buffers[attention.qkv].rows)
    return attention.work(context)
      + Double(attention.queries) * tokens * Double(attention.heads)
  }
}
