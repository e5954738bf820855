package import ModelFacts
package import Records

/// Which tokens go on behind a block (A-ViT). Operands: tokens `[1 + N, D]`, the class token first, and what is left of
/// 1 of each token's halting values, `[1, 1 + N]`. Results: kept `[N]`, ascending, the new position of each old patch
/// token, `[N]`, -1 for one that halts, what is left behind the block, `[1, 1 + N]`, and how many of the N places of
/// kept are not in use, `[1]`.
///
/// The class token's row always stays. Where it has halted nothing depends on the others any more, and none is kept.
package struct Halt: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.halt

  package var gate = HaltingGate()

  package init() {}

  package init(_ gate: HaltingGate) { self.gate = gate }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("gate", record: &gate)
  }

  package var op: Op { .halt(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(2)
    try check.that(gate.isSound, "finite numbers and an epsilon in (0, 1), found \(gate)")
    let (tokens, _, unused) = try check.rows(0, tokensAlong: .rows)
    try check.that(tokens >= 2, "a class token and a patch token or more, found \(tokens)")
    let unusedColumns = unused?.along(.columns)
    try check.rows(1, are: 1, tokens, unused: unusedColumns)
    return check.kept(tokens - 1, countedBy: 3, of: unusedColumns)
      + [.rows(count: 1, width: tokens, unused: unusedColumns), .indices(count: 1)]
  }
}

/// What the class token has come to, weighted by its halting values (A-ViT). Operands: tokens `[1 + N, D]`, what is left
/// of 1 of each token's halting values before the block, `[1, 1 + N]`, and, but for the first block, the sum so far,
/// `[1, D]`. Result: the sum.
package struct Accumulate: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.accumulate

  package var gate = HaltingGate()

  /// The sum so far is an operand.
  package var hasSum = false

  /// The class token halts here at the latest.
  package var isLast = false

  package init() {}

  package init(_ gate: HaltingGate, hasSum: Bool, isLast: Bool) {
    self.gate = gate
    self.hasSum = hasSum
    self.isLast = isLast
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("gate", record: &gate)
    try coder.code("has_sum", &hasSum)
    try coder.code("is_last", &isLast)
  }

  package var op: Op { .accumulate(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(hasSum ? 3 : 2)
    try check.that(gate.isSound, "finite numbers and an epsilon in (0, 1), found \(gate)")
    let (tokens, width, unused) = try check.rows(0, tokensAlong: .rows)
    try check.rows(1, are: 1, tokens, unused: unused?.along(.columns))
    if hasSum { try check.rows(2, are: 1, width) }
    return [.rows(count: 1, width: width)]
  }
}
