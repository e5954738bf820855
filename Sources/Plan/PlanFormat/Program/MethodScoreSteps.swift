package import ModelFacts
package import Records

/// Importance of the patch tokens by what the class token attends to them and by the length of rows.
package struct NormScoreStep: IndexFreeStep {
  package static let kind = StepKind.normScore

  package var features: Set<PlanFeature> { [.methods] }

  package var measure = NormMeasure.value
  package var prefix = 1
  package var heads = 1
  package var headWidth = 1

  /// `[heads, T]`, the class token's.
  package var classAttention = 0

  /// `[T, 3 * heads * headWidth]`, q, k and v; of shares of heads `[T, heads * headWidth]`, what attention makes.
  package var rows = 0

  /// `[1, N]`.
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("measure", choice: &measure)
    try coder.code("prefix", &prefix)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("class_attention", &classAttention)
    try coder.code("rows", &rows)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    try context.range(heads, "heads", 1...1024)
    try context.range(headWidth, "head width", 1...4096)
    let tokens = try context.buffer(classAttention, "class attention").columns
    try context.buffer(classAttention, "class attention", rows: heads, columns: tokens)
    let width = heads * headWidth
    try context.buffer(
      rows, "rows", rows: tokens, columns: measure == .value ? 3 * width : width)
    try context.range(prefix, "prefix", ModelFacts.prefixCounts)
    try context.buffer(output, "output", rows: 1, columns: tokens - prefix)
    try context.distinct(output, from: reads)
  }

  package var step: Step { .normScore(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    let rows = RowsOperand(rows, first: 0, count: buffers[rows].rows)
    return [[.rows(rows), .columns(classAttention), .columns(output)]]
  }

  package var reads: [Int] { [classAttention, rows] }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [] }
}

/// Columns behind the first half become their mean over rows.
package struct HalfMeanStep: IndexFreeStep {
  package static let kind = StepKind.halfMean

  package var features: Set<PlanFeature> { [.methods] }

  package var input = RowsOperand()
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(input, "input")
    try context.rows(output, "output", count: input.count, columns: width)
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .halfMean(self) }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [] }
}

/// Importance of rows of two: the first less the second.
package struct KeepScoreStep: IndexFreeStep {
  package static let kind = StepKind.keepScore

  package var features: Set<PlanFeature> { [.methods] }

  /// `[N, 2]`.
  package var input = RowsOperand()

  /// `[1, N]`.
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(input, "input")
    try context.require(width == 2, "input", "2 columns", "\(width)")
    try context.buffer(output, "output", rows: 1, columns: input.count)
    try context.distinct(output, from: [input.buffer])
  }

  package var step: Step { .keepScore(self) }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [] }
}
