package import Records

/// Mean of each column over rows.
package struct ReduceMeanStep: IndexFreeStep {
  package static let kind = StepKind.reduceMean

  package var features: Set<PlanFeature> { [.pooling] }

  package var input = RowsOperand()

  /// `[1, prefix + rows]`: what rows weigh; without them all alike.
  package var sizes: Int?

  /// Entries of sizes in front of the rows'.
  package var prefix = 0
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("sizes", optional: &sizes)
    try coder.code("prefix", &prefix)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(input, "input")
    try context.sizes(sizes, behind: prefix, of: input)
    try context.rows(output, "output", count: 1, columns: width)
    try context.distinct(output.buffer, from: reads)
  }

  package var step: Step { .reduceMean(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input)] + [sizes].compactMap { $0.map(TokenPlace.columns) }]
  }

  package var reads: [Int] { [input.buffer] + [sizes].compactMap(\.self) }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [] }
}

/// Attention of one constant query to rows of keys and values.
package struct AttentionPoolStep: IndexFreeStep {
  package static let kind = StepKind.attentionPool

  package var features: Set<PlanFeature> { [.pooling] }

  /// `[rows, 2 * heads * headWidth]`.
  package var input = RowsOperand()

  /// The constant `[heads * headWidth]`.
  package var query = 0
  package var heads = 1
  package var headWidth = 1
  package var scale: Float = 1

  /// `[1, prefix + rows]`: logits gain their logarithm.
  package var sizes: Int?

  /// Entries of sizes in front of the rows'.
  package var prefix = 0
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", record: &input)
    try coder.code("query", &query)
    try coder.code("heads", &heads)
    try coder.code("head_width", &headWidth)
    try coder.code("scale", &scale)
    try coder.code("sizes", optional: &sizes)
    try coder.code("prefix", &prefix)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    try context.range(heads, "heads", 1...1024)
    try context.range(headWidth, "head width", 1...4096)
    let width = heads * headWidth
    let columns = try context.width(input, "input")
    try context.require(columns == 2 * width, "input", "\(2 * width) columns", "\(columns)")
    try context.require(scale.isFinite, "scale", "a finite number", "\(scale)")
    try context.table(query, "query", [width])
    try context.sizes(sizes, behind: prefix, of: input)
    try context.rows(output, "output", count: 1, columns: width)
    try context.distinct(output.buffer, from: reads)
  }

  package var step: Step { .attentionPool(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.rows(input)] + [sizes].compactMap { $0.map(TokenPlace.columns) }]
  }

  package var reads: [Int] { [input.buffer] + [sizes].compactMap(\.self) }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [query] }

  package func multiplyAdds(_ context: StepContext) -> Double {
    2 * Double(input.count) * Double(heads * headWidth)
  }
}

extension StepContext {
  /// Throws unless sizes, if there are any, have an entry for each row, behind `prefix` others.
  fileprivate func sizes(_ sizes: Int?, behind prefix: Int, of rows: RowsOperand) throws {
    try range(prefix, "prefix", 0...16)
    if let sizes { try buffer(sizes, "sizes", rows: 1, columns: prefix + rows.count) }
  }
}
