import ModelFacts
import ModelGraph
import PlanFormat
import Tensors
import Testing

/// The rules that keep a program inside its buffers.
struct ProgramVerifierTests {
  /// `input [3, 1] -> fill [1, 4] -> norm [1, 4]`, with the norm's result as logits.
  private func program() -> Program {
    var fill = FillStep()
    fill.output = 1
    var norm = NormStep()
    norm.input = RowsOperand(1, first: 0, count: 1)
    norm.norm = NormOperand(weight: 0, bias: 0, epsilon: 1e-6)
    norm.output = RowsOperand(2, first: 0, count: 1)
    var program = Program()
    program.buffers = [
      BufferRecord(rows: 3, columns: 1, offset: -1), BufferRecord(rows: 1, columns: 4, offset: 0),
      BufferRecord(rows: 1, columns: 4, offset: 64),
    ]
    program.arenaBytes = 128
    program.input = 0
    program.outputs = [OutputRecord(.logits, RowsOperand(2, first: 0, count: 1))]
    program.steps = [StepRecord(.fill(fill)), StepRecord(.norm(norm))]
    return program
  }

  private var constants: [ConstantRecord] {
    var record = ConstantRecord()
    record.shape = [4]
    record.byteCount = 16
    return [record]
  }

  private func reject(_ field: String, _ change: (inout Program) -> Void) throws {
    var changed = program()
    change(&changed)
    let error = #expect(throws: InputError.self) {
      try changed.verify(constants: constants, file: "plan")
    }
    #expect(error?.field.contains(field) == true, "\(error?.description ?? "no error")")
  }

  @Test func soundProgramPasses() throws {
    try program().verify(constants: constants, file: "plan")
  }

  /// Kernels follow them into the table without a check.
  @Test(arguments: [(4, true), (3, false), (5, true)])
  func indicesOfRotaryPositionsLieInTheTable(positions: Int, isSound: Bool) throws {
    func fill(_ buffer: Int) -> StepRecord {
      var fill = FillStep()
      fill.output = buffer
      return StepRecord(.fill(fill))
    }
    var rotary = RotaryEmbeddingStep()
    (rotary.qkv, rotary.output, rotary.patchIndices) = (1, 1, 2)
    (rotary.heads, rotary.headWidth, rotary.positions) = (2, 2, positions)
    var program = Program()
    program.buffers = [
      BufferRecord(rows: 3, columns: 1, offset: -1), BufferRecord(rows: 5, columns: 12, offset: 0),
      BufferRecord(.int32, rows: 1, columns: 4, offset: 256),
    ]
    program.arenaBytes = 320
    program.outputs = [OutputRecord(.tokens, RowsOperand(1, first: 0, count: 5))]
    program.steps = [fill(1), fill(2), StepRecord(.rotaryEmbedding(rotary))]
    var table = ConstantRecord()
    (table.shape, table.byteCount) = ([positions, 1, 2], 8 * positions)
    guard !isSound else { return try program.verify(constants: [table], file: "plan") }
    let error = #expect(throws: InputError.self) {
      try program.verify(constants: [table], file: "plan")
    }
    #expect(error?.field.contains("patch indices") == true, "\(error?.description ?? "no error")")
  }

  /// Kernels find entries of the table by them without a check.
  @Test(arguments: [(2, 2, true), (1, 3, false), (3, 2, true), (1, 2, false)])
  func patchesOfRelativePositionsLieInTheGrid(rows: Int, columns: Int, isSound: Bool) throws {
    func fill(_ buffer: Int) -> StepRecord {
      var fill = FillStep()
      fill.output = buffer
      return StepRecord(.fill(fill))
    }
    var biased = BiasedAttentionStep()
    (biased.attention.qkv, biased.attention.output, biased.patchIndices) = (1, 3, 2)
    (biased.attention.heads, biased.attention.headWidth, biased.attention.queries) = (2, 2, 5)
    (biased.gridHeight, biased.gridWidth) = (rows, columns)
    var program = Program()
    program.buffers = [
      BufferRecord(rows: 3, columns: 1, offset: -1), BufferRecord(rows: 5, columns: 12, offset: 0),
      BufferRecord(.int32, rows: 1, columns: 4, offset: 256),
      BufferRecord(rows: 5, columns: 4, offset: 320),
    ]
    program.arenaBytes = 448
    program.outputs = [OutputRecord(.tokens, RowsOperand(3, first: 0, count: 5))]
    program.steps = [fill(1), fill(2), StepRecord(.biasedAttention(biased))]
    var table = ConstantRecord()
    let entries = (2 * rows - 1) * (2 * columns - 1) + 3
    (table.shape, table.byteCount) = ([2, entries], 8 * entries)
    guard !isSound else { return try program.verify(constants: [table], file: "plan") }
    let error = #expect(throws: InputError.self) {
      try program.verify(constants: [table], file: "plan")
    }
    #expect(error?.field.contains("patch indices") == true, "\(error?.description ?? "no error")")
  }

  /// A shape's elements may be countable where its panels are not.
  @Test func panelsThatOverflowAreRefused() {
    for outputs in [Int.max, Int.max - 14, Int.max / 2] {
      for layout in [MatrixLayout.panels, .panelsChannelsLast] {
        let shape = layout == .panels ? [outputs, 1] : [outputs, 1, 1, 1]
        let elements = PackedMatrix(shape: shape, layout: layout, element: .float32)?.storedCount
        #expect(elements == nil || elements == (outputs - 1) / 16 * 16 + 16)
        var record = constants[0]
        (record.shape, record.layout) = (shape, layout)
        #expect(throws: InputError.self) {
          try ConstantRecord.verify([record], sectionBytes: 64, file: "plan")
        }
      }
    }
    #expect(PackedMatrix(shape: [17, 3], layout: .panels, element: .float32)?.storedCount == 96)
    #expect(PackedMatrix(shape: [16, 3], layout: .panels, element: .float32)?.storedCount == 48)
  }

  @Test func outputsThatDoNotExistOrSuitTheirRoleAreRefused() throws {
    func rows(_ buffer: Int, first: Int = 0, count: Int = 1) -> RowsOperand {
      RowsOperand(buffer, first: first, count: count)
    }
    try reject("outputs") { $0.outputs = [] }
    try reject("outputs") { $0.outputs.append($0.outputs[0]) }
    try reject("output logits, buffer") { $0.outputs[0].rows = rows(0) }
    try reject("output logits, buffer") { $0.outputs[0].rows = rows(3) }
    try reject("output logits, buffer") { $0.outputs[0].rows = rows(-1) }
    try reject("output logits, rows") { $0.outputs[0].rows = rows(2, first: 1) }
    try reject("output logits, rows") { $0.outputs[0].rows = rows(2, first: -1) }
    try reject("output logits, rows") { $0.outputs[0].rows = rows(2, first: .max) }
    try reject("output logits, rows") { $0.outputs[0].rows = rows(2, count: 0) }
    try reject("output features, rows") {
      $0.buffers[2].rows = 2
      $0.outputs[0] = OutputRecord(.features, rows(2, count: 2))
    }
    try reject("output tokens, buffer") {
      $0.buffers[2].element = .int32
      $0.outputs[0] = OutputRecord(.tokens, rows(2))
    }
  }

  @Test func buffersThatShareBytesWhileInUseAreRefused() throws {
    try reject("buffers 1 and 2") { $0.buffers[2].offset = 0 }
  }

  @Test func bufferOutsideTheArenaIsRefused() throws {
    try reject("buffer 2") { $0.buffers[2].offset = 128 }
    try reject("buffer 2") { $0.buffers[2].offset = 32 }
    try reject("arena_bytes") { $0.arenaBytes = 100 }
  }

  @Test func extentsThatOverflowAreRefused() throws {
    try reject("buffer 2") { $0.buffers[2].rows = .max }
    try reject("buffer 2") { ($0.buffers[2].rows, $0.buffers[2].columns) = (1 << 24, 1 << 24) }
  }

  @Test func operandsThatDoNotExistAreRefused() throws {
    try reject("input") {
      var norm = NormStep()
      norm.input = RowsOperand(7, first: 0, count: 1)
      $0.steps[1] = StepRecord(.norm(norm))
    }
    try reject("output") {
      var fill = FillStep()
      fill.output = -1
      $0.steps[0] = StepRecord(.fill(fill))
    }
  }

  @Test func readingBeforeWritingIsRefused() throws {
    try reject("operand") { $0.steps.swapAt(0, 1) }
  }

  @Test func writingTheInputIsRefused() throws {
    try reject("output") {
      var fill = FillStep()
      fill.output = 0
      $0.steps[0] = StepRecord(.fill(fill))
    }
  }

  @Test func rowsBeyondTheBufferAreRefused() throws {
    for (first, count) in [(0, 2), (1, 1), (-1, 1), (0, 0), (Int.max, 1), (1, Int.max)] {
      try reject("input") {
        var norm = NormStep()
        norm.input = RowsOperand(1, first: first, count: count)
        norm.norm = NormOperand(weight: 0, bias: 0, epsilon: 1e-6)
        norm.output = RowsOperand(2, first: 0, count: 1)
        $0.steps[1] = StepRecord(.norm(norm))
      }
    }
  }
}
