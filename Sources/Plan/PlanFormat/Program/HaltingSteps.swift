package import ModelFacts
package import Records

/// Which tokens go on behind a block (A-ViT).
package struct HaltStep: StepPayload {
  package static let kind = StepKind.halt

  package var features: Set<PlanFeature> { [.adaptive] }

  package var gate = HaltingGate()

  /// `[1 + N, D]`, the class token first.
  package var tokens = 0

  /// `[1, 1 + N]`: what is left of 1 of each token's halting values, before the block and behind it.
  package var remainders = 0
  package var newRemainders = 0

  /// `[1, N]`, int32: the patch position behind each new one.
  package var kept = 0

  /// `[1, N]`, int32: the new patch position of each old one, -1 for one that halts.
  package var destination = 0

  /// `[1, 1]`, int32: how many of the N places of kept are not in use.
  package var unused: Int?

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("gate", record: &gate)
    try coder.code("tokens", &tokens)
    try coder.code("remainders", &remainders)
    try coder.code("new_remainders", &newRemainders)
    try coder.code("kept", &kept)
    try coder.code("destination", &destination)
    try coder.code("unused", optional: &unused)
  }

  package func verify(_ context: StepContext) throws {
    try context.gate(gate)
    let tokens = try context.buffer(self.tokens, "tokens").rows
    try context.range(tokens, "tokens", 2...(1 << 24))
    try context.buffer(remainders, "remainders", rows: 1, columns: tokens)
    try context.buffer(newRemainders, "new remainders", rows: 1, columns: tokens)
    try context.kept(kept, destination, countedBy: unused, of: tokens - 1)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    ranges.keepAny(of: ranges.buffers[kept].columns, kept, destination, unused)
  }

  package var step: Step { .halt(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    let rows = RowsOperand(tokens, first: 0, count: buffers[tokens].rows)
    return [
      [.rows(rows), .columns(remainders), .columns(newRemainders), .columns(destination)],
      [.columns(kept)],
    ]
  }

  package var reads: [Int] { [tokens, remainders] }
  package var writes: [Int] { [newRemainders, kept, destination] + [unused].compactMap(\.self) }
  package var constants: [Int] { [] }
}

/// What the class token has come to, weighted by its halting values (A-ViT).
package struct AccumulateStep: IndexFreeStep {
  package static let kind = StepKind.accumulate

  package var features: Set<PlanFeature> { [.adaptive] }

  package var gate = HaltingGate()

  /// The class token halts here at the latest.
  package var isLast = false

  /// `[1 + N, D]`, the class token first.
  package var tokens = 0

  /// `[1, 1 + N]`: what is left of 1 of each token's halting values before the block.
  package var remainders = 0

  /// `[1, D]`: the sum so far; none at the first block.
  package var sum: Int?

  /// `[1, D]`.
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("gate", record: &gate)
    try coder.code("is_last", &isLast)
    try coder.code("tokens", &tokens)
    try coder.code("remainders", &remainders)
    try coder.code("sum", optional: &sum)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    try context.gate(gate)
    let tokens = try context.buffer(self.tokens, "tokens")
    try context.buffer(remainders, "remainders", rows: 1, columns: tokens.rows)
    if let sum { try context.buffer(sum, "sum", rows: 1, columns: tokens.columns) }
    try context.buffer(output, "output", rows: 1, columns: tokens.columns)
    try context.disjointResults(of: self)
  }

  package var step: Step { .accumulate(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    let rows = RowsOperand(tokens, first: 0, count: buffers[tokens].rows)
    return [[.rows(rows), .columns(remainders)]]
  }

  package var reads: [Int] { [tokens, remainders] + [sum].compactMap(\.self) }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [] }
}

extension StepContext {
  fileprivate func gate(_ gate: HaltingGate) throws {
    try require(
      gate.isSound, "gate", "finite numbers and an epsilon in (0, 1)",
      "scale \(gate.scale), center \(gate.center), epsilon \(gate.epsilon)")
  }
}
