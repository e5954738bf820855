package import ModelFacts
package import Records

/// `output = activation(gate) * value` of rows `[2 * width]`, gates in front of values.
package struct GatedActivationStep: IndexFreeStep {
  package static let kind = StepKind.gatedActivation

  package var features: Set<PlanFeature> { activation.features.union([.gatedActivation]) }

  package var activation = Activation.none
  package var input = RowsOperand()
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("activation", choice: &activation)
    try coder.code("input", record: &input)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let columns = try context.width(input, "input")
    try context.require(columns % 2 == 0, "input", "an even number of columns", "\(columns)")
    try context.rows(output, "output", count: input.count, columns: columns / 2)
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .gatedActivation(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input), .rows(output)]]
  }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [] }
}
