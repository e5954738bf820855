internal import ModelFacts
internal import Tensors

/// What a step is verified against: the plan's tables, and where to say that it does not fit.
package struct StepContext {
  let buffers: [BufferRecord]
  let constants: [ConstantRecord]
  let file: String
  let step: Int

  /// The step's kind; nil for a stage.
  let kind: StepKind?

  package init(
    buffers: [BufferRecord], constants: [ConstantRecord], file: String, step: Int, kind: StepKind?
  ) {
    self.buffers = buffers
    self.constants = constants
    self.file = file
    self.step = step
    self.kind = kind
  }

  /// Values of a buffer.
  func elements(of buffer: Int) -> Double {
    Double(buffers[buffer].rows) * Double(buffers[buffer].columns)
  }

  /// Values of a constant.
  func elements(ofConstant index: Int) -> Double {
    constants[index].shape.reduce(1) { $0 * Double($1) }
  }

  func require(
    _ condition: Bool, _ field: String, _ expected: @autoclosure () -> String,
    _ found: @autoclosure () -> String
  ) throws {
    guard condition else {
      throw InputError(
        file: file, field: "step \(step) (\(kind?.word ?? "stage")), \(field)",
        expected: expected(), found: found())
    }
  }

  func range(_ value: Int, _ field: String, _ range: ClosedRange<Int>) throws {
    try require(
      range.contains(value), field, "\(range.lowerBound) to \(range.upperBound)", "\(value)")
  }

  func buffer(_ index: Int, _ field: String, _ element: BufferRecord.Element = .float32) throws
    -> BufferRecord
  {
    try require(
      buffers.indices.contains(index), field, "one of \(buffers.count) buffers", "\(index)")
    let buffer = buffers[index]
    try require(buffer.element == element, field, "\(element) elements", "\(buffer.element)")
    return buffer
  }

  func buffer(
    _ index: Int, _ field: String, _ element: BufferRecord.Element = .float32, rows: Int,
    columns: Int
  ) throws {
    let found = try buffer(index, field, element)
    try require(
      found.rows == rows && found.columns == columns, field, "[\(rows), \(columns)]",
      "[\(found.rows), \(found.columns)]")
  }

  /// The width of a rows operand whose range lies inside its buffer.
  func width(_ operand: RowsOperand, _ field: String) throws -> Int {
    let found = try buffer(operand.buffer, field)
    try require(
      operand.first >= 0 && operand.count >= 1 && operand.count <= found.rows
        && operand.first <= found.rows - operand.count,
      field, "a range of \(found.rows) rows", "\(operand.count) from \(operand.first)")
    return found.columns
  }

  func rows(_ operand: RowsOperand, _ field: String, count: Int, columns: Int) throws {
    let width = try width(operand, field)
    try require(
      operand.count == count && width == columns, field, "[\(count), \(columns)]",
      "[\(operand.count), \(width)]")
  }

  func constant(_ index: Int, _ field: String) throws -> ConstantRecord {
    try require(
      constants.indices.contains(index), field, "one of \(constants.count) constants", "\(index)")
    return constants[index]
  }

  /// A float32 table in the logical order.
  func table(_ index: Int, _ field: String, _ shape: [Int]) throws {
    try matrix(index, field, .rows, .float32, shape)
  }

  func matrix(
    _ index: Int, _ field: String, _ layout: MatrixLayout, _ element: MatrixElement, _ shape: [Int]
  ) throws {
    let found = try constant(index, field)
    try require(
      found.layout == layout && found.element == element && found.shape == shape, field,
      "\(element) \(layout) of \(shape)", "\(found.element) \(found.layout) of \(found.shape)")
  }

  /// The weights of a product, in any element.
  func panels(_ index: Int, _ field: String, _ shape: [Int], _ layout: MatrixLayout) throws {
    let found = try constant(index, field)
    try require(
      found.layout == layout && found.shape == shape, field, "\(layout) of \(shape)",
      "\(found.layout) of \(found.shape)")
  }

  func norm(_ norm: NormOperand, width: Int) throws {
    try table(norm.weight, "norm weight", [width])
    try table(norm.bias, "norm bias", [width])
    try require(
      norm.epsilon >= 0 && norm.epsilon < 1, "norm epsilon", "a value in [0, 1)",
      "\(norm.epsilon)")
  }

  func distinct(_ output: Int, from inputs: [Int]) throws {
    try require(
      !inputs.contains(output), "output", "a buffer that is no operand", "buffer \(output)")
  }

  /// Throws unless results differ from operands and from each other.
  func disjointResults(of step: some StepPayload) throws {
    let writes = step.writes
    try require(
      Set(writes).count == writes.count && Set(writes).isDisjoint(with: step.reads), "results",
      "buffers of their own", "buffers \(writes)")
  }
}
