package import ModelFacts
package import Records
internal import Tensors

/// Where a result of the program lies when its steps have run.
package struct OutputRecord: Record, Hashable {
  /// What it is.
  package var role = OutputRole.logits

  /// Its rows, float32.
  package var rows = RowsOperand()

  package init() {}

  package init(_ role: OutputRole, _ rows: RowsOperand) {
    self.role = role
    self.rows = rows
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("role", choice: &role)
    try coder.code("rows", record: &rows)
  }
}

extension Program {
  /// Where the result of a role lies; nil if the model has none.
  package func output(_ role: OutputRole) -> RowsOperand? {
    outputs.first { $0.role == role }?.rows
  }

  /// Values in a row of the result of a role; 0 if the model has none.
  package func outputWidth(_ role: OutputRole) -> Int {
    output(role).map { buffers[$0.buffer].columns } ?? 0
  }

  /// Throws unless there are outputs, each of its own role, in rows that a step can write.
  func verifyOutputs(file: String) throws {
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(file: file, field: "program, \(field)", expected: expected, found: found)
    }
    guard !outputs.isEmpty, Set(outputs.map(\.role)).count == outputs.count else {
      throw fail(
        "outputs", "at least one, each of another role",
        outputs.isEmpty ? "none" : outputs.map(\.role.word).joined(separator: ", "))
    }
    for output in outputs {
      let rows = output.rows
      guard buffers.indices.contains(rows.buffer), rows.buffer != input,
        buffers[rows.buffer].element == .float32
      else {
        throw fail(
          "output \(output.role.word), buffer", "a float32 buffer of the arena", "\(rows.buffer)")
      }
      let count = buffers[rows.buffer].rows
      guard rows.first >= 0, rows.count >= 1, rows.count <= count, rows.first <= count - rows.count
      else {
        throw fail(
          "output \(output.role.word), rows", "a range of \(count) rows",
          "\(rows.count) from \(rows.first)")
      }
      guard rows.count == 1 || !output.role.isOneRow else {
        throw fail("output \(output.role.word), rows", "one row", "\(rows.count)")
      }
    }
  }
}
