package import Records

/// RMSNorm of each row on its own.
package struct RMSNormStep: IndexFreeStep {
  package static let kind = StepKind.rmsNorm

  package var features: Set<PlanFeature> { [.rmsNorm] }

  package var input = RowsOperand()

  /// The constant `[width]`.
  package var weight = 0
  package var epsilon: Float = 1e-6
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("weight", &weight)
    try coder.code("epsilon", &epsilon)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(input, "input")
    try context.table(weight, "weight", [width])
    try context.require(
      epsilon >= 0 && epsilon < 1, "epsilon", "a value in [0, 1)", "\(epsilon)")
    try context.rows(output, "output", count: input.count, columns: width)
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .rmsNorm(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input), .rows(output)]]
  }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [weight] }
}
