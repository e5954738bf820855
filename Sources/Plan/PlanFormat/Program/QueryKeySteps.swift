internal import ModelFacts
package import Records

/// LayerNorm of every head's query and key; values are copied.
package struct HeadNormStep: IndexFreeStep {
  package static let kind = StepKind.headNorm

  package var features: Set<PlanFeature> { [.headNorm] }

  /// `[T, 3 * heads * headWidth]`, queries, keys and values.
  package var qkv = 0
  package var heads = 1
  package var headWidth = 1

  /// Constants `[headWidth]`, for all heads.
  package var queryNorm = NormOperand()
  package var keyNorm = NormOperand()

  /// May be qkv itself.
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("qkv", &qkv)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("query_norm", record: &queryNorm)
    try coder.code("key_norm", record: &keyNorm)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    _ = try context.queriesAndKeys(qkv, output, heads: heads, headWidth: headWidth)
    try context.norm(queryNorm, width: headWidth)
    try context.norm(keyNorm, width: headWidth)
  }

  package var step: Step { .headNorm(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(whole(qkv, buffers)), .rows(whole(output, buffers))]]
  }

  package var reads: [Int] { [qkv] }
  package var writes: [Int] { [output] }
  package var constants: [Int] {
    [queryNorm, keyNorm].flatMap { [$0.weight, $0.bias] }
  }
}

/// Every head's query and key of a patch token turned by the angles of its position; values are copied.
package struct RotaryEmbeddingStep: StepPayload {
  package static let kind = StepKind.rotaryEmbedding

  package var features: Set<PlanFeature> { [.rotaryEmbedding] }

  /// `[T, 3 * heads * headWidth]`, queries, keys and values.
  package var qkv = 0
  package var heads = 1

  /// Even: elements i and i + headWidth / 2 are turned together.
  package var headWidth = 2

  /// Tokens in front, which are copied.
  package var prefix = 1

  /// Places that have angles.
  package var positions = 0

  /// The constant `[positions, 1 or heads, headWidth]`: cosines, then sines.
  package var table = 0

  /// `[1, T - prefix]`, int32: each patch token's position, or -1 for a token that has none and is copied;
  /// without it token i has position i.
  package var patchIndices: Int?

  /// May be qkv itself.
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("qkv", &qkv)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("prefix", &prefix)
    try coder.code("positions", &positions)
    try coder.code("table", &table)
    try coder.code("patch_indices", optional: &patchIndices)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    let tokens = try context.queriesAndKeys(qkv, output, heads: heads, headWidth: headWidth)
    try context.require(headWidth % 2 == 0, "head width", "an even number", "\(headWidth)")
    try context.range(prefix, "prefix", ModelFacts.prefixCounts)
    try context.require(
      prefix < tokens, "prefix", "fewer than \(tokens) tokens", "\(prefix)")
    let shape = try context.constant(table, "table").shape
    try context.require(
      shape.count == 3 && shape[0] == positions && (shape[1] == 1 || shape[1] == heads)
        && shape[2] == headWidth, "table",
      "[\(positions), 1 or \(heads), \(headWidth)]", "\(shape)")
    try context.table(table, "table", shape)
    if let patchIndices {
      try context.buffer(
        patchIndices, "patch indices", .int32, rows: 1, columns: tokens - prefix)
    } else {
      try context.require(
        positions == tokens - prefix, "positions", "\(tokens - prefix)", "\(positions)")
    }
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    guard let patchIndices else { return }
    try ranges.require(
      patchIndices, below: positions, from: -1, "step \(step), patch indices")
  }

  package var step: Step { .rotaryEmbedding(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [
      [.rows(whole(qkv, buffers)), .rows(whole(output, buffers))]
        + [patchIndices].compactMap { $0.map(TokenPlace.columns) }
    ]
  }

  package var reads: [Int] { [qkv] + [patchIndices].compactMap(\.self) }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [table] }
}

private func whole(_ buffer: Int, _ buffers: [BufferRecord]) -> RowsOperand {
  RowsOperand(buffer, first: 0, count: buffers[buffer].rows)
}

extension StepContext {
  /// The tokens of rows of queries, keys and values, from which the output has its shape.
  fileprivate func queriesAndKeys(
    _ qkv: Int, _ output: Int, heads: Int, headWidth: Int
  ) throws -> Int {
    try range(heads, "heads", 1...1024)
    try range(headWidth, "head width", 1...4096)
    let tokens = try buffer(qkv, "qkv").rows
    try buffer(qkv, "qkv", rows: tokens, columns: 3 * heads * headWidth)
    try buffer(output, "output", rows: tokens, columns: 3 * heads * headWidth)
    return tokens
  }
}
