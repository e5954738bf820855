import ModelFacts
import PlanFormat
import Tensors
import TestSupport
import Testing

/// The rules that keep counts of unused tokens inside their buffers.
struct CountVerifierTests {
  /// A plan of whose steps attention, assign and gather are each behind a partition with a threshold.
  let plan: PlanFile

  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    var form = SmallModel.Form("two blocks")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (8, 2, 2, 8, 3)
    (form.patch, form.classes, form.isLVViT) = (8, 2, true)
    try SmallModel(form, in: folder).convert(to: folder.file("dense.bin"))
    try CountedTokens(.mean, similarity: .attention, threshold: 0.1, isSizeAware: true).rewrite(
      folder.file("dense.bin"),
      stages: [.init(block: 0, keepRate: 0.8), .init(block: 1, keepRate: 0.8)],
      to: folder.file("counted.bin"))
    plan = try PlanFile(path: folder.file("counted.bin"))
  }

  /// A change of the program, and what the error must name.
  private func reject(
    _ field: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout Program) throws -> Void
  ) throws {
    var program = plan.program
    try change(&program)
    let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
      try program.verify(constants: plan.constants, file: "plan")
    }
    #expect(
      error?.field.contains(field) == true, "\(error?.description ?? "no error")",
      sourceLocation: sourceLocation)
  }

  private func partitions(_ program: Program) -> [PartitionStep] {
    program.steps.compactMap { if case .partition(let step) = $0.step { step } else { nil } }
  }

  /// Gives every buffer memory of its own, however long it is in use.
  private func spread(_ program: inout Program) {
    program.arenaBytes = 0
    for index in program.buffers.indices where index != program.input {
      program.buffers[index].offset = program.arenaBytes
      program.arenaBytes += (program.buffers[index].byteCount + 63) / 64 * 64
    }
  }

  /// The first of the steps that `edit` recognises by returning a changed one, from the last on.
  private func change(_ program: inout Program, _ edit: (Step) -> Step?) throws {
    let index = try #require(program.steps.indices.last { edit(program.steps[$0].step) != nil })
    program.steps[index] = StepRecord(try #require(edit(program.steps[index].step)))
  }

  private func changePartition(
    _ program: inout Program, _ number: Int, _ edit: (inout PartitionStep) -> Void
  ) throws {
    let places = program.steps.indices.filter { program.steps[$0].step.kind == .partition }
    guard case .partition(var step) = program.steps[places[number]].step else { return }
    edit(&step)
    program.steps[places[number]] = StepRecord(.partition(step))
  }

  /// Buffers that are counted by rows, and those by columns, of each partition.
  @Test func aSoundProgramPasses() throws {
    let program = plan.program
    try program.verify(constants: plan.constants, file: "plan")
    let counts = partitions(program).compactMap(\.unused)
    #expect(counts.count == 2)
    for count in counts {
      let axes = program.buffers.compactMap { $0.unused?.buffer == count ? $0.unused?.axis : nil }
      #expect(axes.contains(.rows) && axes.contains(.columns))
    }
  }

  @Test func aCountIsABufferOfOneIndex() throws {
    let counted = try #require(plan.program.buffers.firstIndex { $0.unused != nil })
    let count = try #require(plan.program.buffers[counted].unused?.buffer)
    for other in [-1, plan.program.buffers.count, .max, plan.program.input, counted] {
      try reject("buffer \(counted), unused") { $0.buffers[counted].unused?.buffer = other }
    }
    try reject("unused") { $0.buffers[count].element = .float32 }
    try reject("unused") { $0.buffers[count].columns = 2 }
    try reject("unused") { $0.buffers[count].unused = UnusedRecord(count, along: .columns) }
  }

  @Test func theInputAndOutputsOfOneRowHaveNone() throws {
    let count = try #require(partitions(plan.program)[0].unused)
    let input = plan.program.input
    try reject("buffer \(input), unused") {
      $0.buffers[input].unused = UnusedRecord(count, along: .columns)
    }
    let logits = try #require(plan.program.output(.logits)).buffer
    for axis in TokenAxis.allCases {
      try reject("unused") { $0.buffers[logits].unused = UnusedRecord(count, along: axis) }
    }
    // Rows that need not be in use are no output of one row.
    let rows = try #require(
      plan.program.buffers.indices.last { plan.program.buffers[$0].unused?.axis == .rows })
    let last = plan.program.buffers[rows].rows - 1
    try reject("output features, unused") { program in
      spread(&program)
      program.outputs.append(OutputRecord(.features, RowsOperand(rows, first: last, count: 1)))
    }
  }

  @Test func aCountIsWhatAPartitionWroteBefore() throws {
    // The second partition's is not there when the first one's tokens are gathered.
    let counts = partitions(plan.program).compactMap(\.unused)
    let kept = partitions(plan.program)[0].kept
    try reject("unused") { program in
      spread(&program)
      for index in program.buffers.indices
      where index != kept && program.buffers[index].unused?.buffer == counts[0] {
        program.buffers[index].unused?.buffer = counts[1]
      }
    }
    // Nor is one that another step wrote over it.
    try reject("unused") { program in
      let place = try #require(program.steps.firstIndex { $0.step.kind == .partition })
      var fill = FillStep()
      fill.output = counts[0]
      program.steps.insert(StepRecord(.fill(fill)), at: place + 1)
    }
  }

  @Test func aCountIsOfOnePartition() throws {
    let counts = partitions(plan.program).compactMap(\.unused)
    try #require(counts.count == 2)
    try reject("unused") { program in
      spread(&program)
      try change(&program) {
        guard case .partition(var step) = $0, step.unused == counts[1] else { return nil }
        step.unused = counts[0]
        return .partition(step)
      }
      for index in program.buffers.indices
      where program.buffers[index].unused?.buffer == counts[1] {
        program.buffers[index].unused?.buffer = counts[0]
      }
    }
  }

  @Test func aStageStartsFromWhatTheOneBeforeKept() throws {
    let stage = try #require(plan.program.stages.last)
    try #require(plan.program.buffers[stage.destination].unused != nil)
    // Another partition's destination, of tokens that are all in use.
    try reject("stage 1, destination, unused") { program in
      spread(&program)
      let keep = program.buffers[stage.kept].columns
      func buffer(_ element: BufferRecord.Element, _ columns: Int) -> Int {
        program.buffers.append(
          BufferRecord(element, rows: 1, columns: columns, offset: program.arenaBytes))
        program.arenaBytes += (columns * 4 + 63) / 64 * 64
        return program.buffers.count - 1
      }
      var fill = FillStep()
      fill.output = buffer(.float32, stage.patchesIn)
      var partition = PartitionStep()
      (partition.scores, partition.keep) = (fill.output, keep)
      partition.kept = buffer(.int32, keep)
      partition.dropped = buffer(.int32, stage.patchesIn - keep)
      partition.destination = buffer(.int32, stage.patchesIn)
      program.steps += [StepRecord(.fill(fill)), StepRecord(.partition(partition))]
      program.stages[1].destination = partition.destination
    }
  }

  @Test func aCountIsLessThanTheAxis() throws {
    // The first partition's count where the most that it can be is all there is.
    let (first, second) = (partitions(plan.program)[0], partitions(plan.program)[1])
    #expect(first.keep > second.keep)
    try reject("unused") { program in
      try change(&program) {
        guard case .reduceMax(var step) = $0 else { return nil }
        // Trailing rows, fewer than can be missing.
        step.input.first += step.input.count - (second.keep - 2)
        step.input.count = second.keep - 2
        return .reduceMax(step)
      }
    }
    // Of as many it knows what to do, where none is in use.
    var none = plan.program
    try change(&none) {
      guard case .reduceMax(var step) = $0 else { return nil }
      step.input.first += step.input.count - (second.keep - 1)
      step.input.count = second.keep - 1
      return .reduceMax(step)
    }
    try none.verify(constants: plan.constants, file: "plan")
    try reject("unused") { program in
      try change(&program) {
        guard case .reduceMax(var step) = $0 else { return nil }
        step.input.count -= 1
        return .reduceMax(step)
      }
    }
    // A range that is in use is none that is counted.
    var program = plan.program
    try change(&program) {
      guard case .reduceMax(var step) = $0 else { return nil }
      (step.input.first, step.input.count) = (0, 1)
      return .reduceMax(step)
    }
    try program.verify(constants: plan.constants, file: "plan")
  }

  @Test func theSameTokensHaveOneCount() throws {
    let counts = partitions(plan.program).compactMap(\.unused)
    var refused = 0
    for buffer in plan.program.buffers.indices {
      guard let unused = plan.program.buffers[buffer].unused else { continue }
      let other = unused.buffer == counts[0] ? counts[1] : counts[0]
      let axis: TokenAxis = unused.axis == .rows ? .columns : .rows
      let records = [
        nil, UnusedRecord(other, along: unused.axis), UnusedRecord(unused.buffer, along: axis),
      ]
      for record in records {
        var program = plan.program
        program.buffers[buffer].unused = record
        #expect(throws: InputError.self, "buffer \(buffer), \(String(describing: record))") {
          try program.verify(constants: plan.constants, file: "plan")
        }
        refused += 1
      }
    }
    #expect(refused > 30)
  }

  @Test func aBufferThatIsAllInUseCannotBeCounted() throws {
    let counts = partitions(plan.program).compactMap(\.unused)
    for buffer in plan.program.buffers.indices where plan.program.buffers[buffer].unused == nil {
      for axis in [TokenAxis.rows, .columns] {
        try reject("unused") {
          spread(&$0)
          $0.buffers[buffer].unused = UnusedRecord(counts[0], along: axis)
        }
      }
    }
  }

  @Test func aPartitionHasACountWhereNumbersDiffer() throws {
    try reject("(partition), unused") { try changePartition(&$0, 0) { $0.unused = nil } }
    try reject("(partition), unused") { try changePartition(&$0, 0) { $0.threshold = nil } }
    // Scores of the second need not all be in use: there is a count without a threshold too.
    var program = plan.program
    try changePartition(&program, 1) { $0.threshold = nil }
    try program.verify(constants: plan.constants, file: "plan")
    for value in [Float.nan, .infinity, -.infinity] {
      try reject("(partition), threshold") {
        try changePartition(&$0, 0) { $0.threshold = Threshold(value) }
      }
    }
    try reject("(partition), kept") { program in
      program.buffers[partitions(program)[0].kept].unused = nil
    }
    try reject("(partition), dropped") { program in
      program.buffers[partitions(program)[0].dropped].columns -= 1
    }
    try reject("(assign), dropped") { program in
      try change(&program) {
        guard case .assign(var step) = $0 else { return nil }
        step.dropped = step.destination
        return .assign(step)
      }
    }
  }

  /// The memory of a count is its own as long as a step may ask it.
  @Test func aCountStaysInUse() throws {
    let program = plan.program
    let lifetimes = program.lifetimes()
    for (buffer, record) in program.buffers.enumerated() {
      guard let count = record.unused?.buffer, let own = lifetimes[buffer] else { continue }
      #expect((lifetimes[count]?.upperBound ?? -1) >= own.upperBound, "buffer \(buffer)")
    }
    let count = try #require(partitions(program)[0].unused)
    let other = try #require(
      program.buffers.indices.first {
        $0 != count && $0 != program.input && lifetimes[$0] != nil
          && program.buffers[$0].unused == nil
          && lifetimes[$0]!.overlaps(lifetimes[count]!)
      })
    try reject("buffers \(min(count, other)) and \(max(count, other))") {
      $0.buffers[count].offset = $0.buffers[other].offset
    }
  }
}
