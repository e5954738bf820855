package import ModelFacts
package import Records

/// The mean of each head's columns.
package struct HeadMeanStep: IndexFreeStep {
  package static let kind = StepKind.headMean

  package var features: Set<PlanFeature> { [.packages] }

  package var heads = 1

  /// `[rows, heads * width]`.
  package var input = RowsOperand()

  /// `[rows, heads]`.
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
    try coder.code("input", record: &input)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    _ = try context.headWidth(input, "input", heads: heads)
    try context.rows(output, "output", count: input.count, columns: heads)
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .headMean(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input), .rows(output)]]
  }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [] }
}

/// `output = activation(norm(input) W^T + bias)` of each head's columns, with the same weights for all heads.
package struct HeadLinearStep: IndexFreeStep {
  package static let kind = StepKind.headLinear

  package var features: Set<PlanFeature> { activation.features.union([.packages]) }

  package var heads = 1

  /// `[rows, heads * in]`.
  package var input = RowsOperand()

  /// Panels of `[out, in]`, in no eight bits.
  package var weight = 0
  package var bias: Int?
  package var norm: NormOperand?
  package var activation = Activation.none

  /// `[rows, heads * out]`.
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
    try coder.code("input", record: &input)
    try coder.code("weight", &weight)
    try coder.code("bias", optional: &bias)
    try coder.code("norm", optional: &norm)
    try coder.code("activation", choice: &activation)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let inputs = try context.headWidth(input, "input", heads: heads)
    let outputs = try context.headWidth(output, "output", heads: heads)
    try context.require(
      input.count == output.count, "output", "\(input.count) rows", "\(output.count)")
    try context.panels(weight, "weight", [outputs, inputs], .panels)
    try context.require(
      context.constants[weight].element != .int8, "weight", "floats",
      "\(context.constants[weight].element)")
    if let bias { try context.table(bias, "bias", [outputs]) }
    if let norm { try context.norm(norm, width: inputs) }
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .headLinear(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input), .rows(output)]]
  }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] {
    [weight] + [bias, norm?.weight, norm?.bias].compactMap(\.self)
  }

  package func multiplyAdds(_ context: StepContext) -> Double {
    Double(output.count) * Double(heads) * context.elements(ofConstant: weight)
  }
}

/// Of each head the columns behind the first half become their mean over rows.
package struct HeadHalfMeanStep: IndexFreeStep {
  package static let kind = StepKind.headHalfMean

  package var features: Set<PlanFeature> { [.packages] }

  package var heads = 1
  package var input = RowsOperand()
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
    try coder.code("input", record: &input)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.headWidth(input, "input", heads: heads)
    try context.rows(output, "output", count: input.count, columns: heads * width)
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .headHalfMean(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input), .rows(output)]]
  }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [] }
}

/// What the heads of a predictor say together of each token.
package struct HeadVoteStep: IndexFreeStep {
  package static let kind = StepKind.headVote

  package var features: Set<PlanFeature> { [.packages] }

  package var heads = 1

  /// `[rows, heads]`: what heads count for, before the sigmoid.
  package var weights = RowsOperand()

  /// `[rows, 2 * heads]`: of each head what speaks for keeping and for dropping.
  package var logits = RowsOperand()

  /// `[1, rows]`: 0 and more keep a token.
  package var score = 0

  /// `[1, rows]`: the probability of keeping.
  package var keeping = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("heads", &heads)
    try coder.code("weights", record: &weights)
    try coder.code("logits", record: &logits)
    try coder.code("score", &score)
    try coder.code("keeping", &keeping)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.headWidth(weights, "weights", heads: heads)
    try context.require(width == 1, "weights", "\(heads) columns", "\(heads * width)")
    try context.rows(logits, "logits", count: weights.count, columns: 2 * heads)
    try context.buffer(score, "score", rows: 1, columns: weights.count)
    try context.buffer(keeping, "keeping", rows: 1, columns: weights.count)
    try context.disjointResults(of: self)
  }

  package var step: Step { .headVote(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(weights), .rows(logits), .columns(score), .columns(keeping)]]
  }

  package var reads: [Int] { [weights.buffer, logits.buffer] }
  package var writes: [Int] { [score, keeping] }
  package var constants: [Int] { [] }
}

extension StepContext {
  /// The columns of a head of an operand whose columns are those of `heads`.
  fileprivate func headWidth(_ operand: RowsOperand, _ field: String, heads: Int) throws -> Int {
    try range(heads, "heads", 1...1024)
    let width = try width(operand, field)
    try require(
      width.isMultiple(of: heads), field, "columns of \(heads) heads", "\(width)")
    return width / heads
  }
}
