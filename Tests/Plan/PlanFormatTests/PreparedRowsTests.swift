import PlanFormat
import PlanRuntime
import Testing

/// Rows may only be scaled where they lie if nothing needs them afterwards.
struct PreparedRowsTests {
  /// `input [3, 1] -> fill 1 [1, 48] -> linear 2 [1, 16] -> linear 3 [1, 16]`.
  private func program(logits: Int) -> Program {
    func linear(_ input: Int, _ output: Int) -> StepRecord {
      var step = LinearStep()
      (step.input, step.output) = (
        RowsOperand(input, first: 0, count: 1), RowsOperand(output, first: 0, count: 1)
      )
      step.weight = input
      return StepRecord(.linear(step))
    }
    var fill = FillStep()
    fill.output = 1
    var program = Program()
    program.buffers = [
      BufferRecord(rows: 3, columns: 1, offset: -1), BufferRecord(rows: 1, columns: 48, offset: 0),
      BufferRecord(rows: 1, columns: 16, offset: 192),
      BufferRecord(rows: 1, columns: 16, offset: 256),
    ]
    program.arenaBytes = 320
    program.input = 0
    program.outputs = [OutputRecord(.logits, RowsOperand(logits, first: 0, count: 1))]
    program.steps = [StepRecord(.fill(fill)), linear(1, 2), linear(2, 3)]
    return program
  }

  private func inPlace(_ program: Program) -> [Bool] {
    let rows = PreparedRows(program, [], pairsAttention: true) { _ in .paired }
    return program.steps.indices.map { rows.scalesInPlace(step: $0) }
  }

  @Test func rowsThatNobodyNeedsAnyMoreAreScaledInPlace() {
    #expect(inPlace(program(logits: 3)) == [false, true, true])
  }

  @Test func logitsAreReadAtTheEnd() {
    #expect(inPlace(program(logits: 2)) == [false, true, false])
    #expect(inPlace(program(logits: 1)) == [false, false, true])
  }

  @Test func rowsThatAreReadLaterStayAsTheyAre() {
    var program = program(logits: 3)
    program.steps.append(program.steps[2])
    #expect(inPlace(program) == [false, true, false, true])
  }
}
