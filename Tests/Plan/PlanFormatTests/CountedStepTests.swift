import ModelFacts
import ModelGraph
import PlanFormat
import Tensors
import Testing

/// Which kinds of step take tokens of which some may not be in use, one step at a time.
struct CountedStepTests {
  /// Tokens `[6, 6]` of which up to 4 rows may not be in use, and other buffers for results.
  private static let (counted, count, kept, tokens, scores) = (7, 6, 3, 2, 1)
  private static let (grid, row, rows, indices, column) = (8, 9, 10, 11, 12)

  /// `fill, fill -> partition -> gather [6, 6]`, a step, and the largest of each column.
  private func program(_ steps: [Step]) -> Program {
    var partition = PartitionStep()
    (partition.scores, partition.keep) = (Self.scores, 5)
    (partition.kept, partition.dropped, partition.destination) = (Self.kept, 4, 5)
    (partition.threshold, partition.unused) = (Threshold(0), Self.count)
    var gather = GatherStep()
    (gather.mode, gather.tokens, gather.kept) = (.drop, Self.tokens, Self.kept)
    (gather.destination, gather.output) = (5, Self.counted)
    var largest = ReduceMaxStep()
    largest.input = RowsOperand(Self.counted, first: 0, count: 6)
    largest.output = RowsOperand(13, first: 0, count: 1)
    let columns = UnusedRecord(Self.count, along: .columns)
    var program = Program()
    program.buffers = [
      BufferRecord(rows: 3, columns: 1, offset: -1), BufferRecord(rows: 1, columns: 7),
      BufferRecord(rows: 8, columns: 6), BufferRecord(.int32, rows: 1, columns: 5, unused: columns),
      BufferRecord(.int32, rows: 1, columns: 6), BufferRecord(.int32, rows: 1, columns: 7),
      BufferRecord(.int32, rows: 1, columns: 1),
      BufferRecord(rows: 6, columns: 6, unused: UnusedRecord(Self.count, along: .rows)),
      BufferRecord(rows: 3, columns: 6), BufferRecord(rows: 1, columns: 5),
      BufferRecord(rows: 6, columns: 6), BufferRecord(.int32, rows: 1, columns: 2),
      BufferRecord(rows: 1, columns: 2), BufferRecord(rows: 1, columns: 6),
    ]
    for index in program.buffers.indices.dropFirst() { program.buffers[index].offset = index * 256 }
    program.arenaBytes = program.buffers.count * 256
    program.input = 0
    program.outputs = [OutputRecord(.logits, RowsOperand(13, first: 0, count: 1))]
    program.steps =
      ([.fill(fill(Self.scores)), .fill(fill(Self.tokens)), .fill(fill(Self.rows))]
      + [.partition(partition), .gather(gather)] + steps + [.reduceMax(largest)])
      .map(StepRecord.init)
    return program
  }

  private func fill(_ buffer: Int) -> FillStep {
    var fill = FillStep()
    fill.output = buffer
    return fill
  }

  /// Tables of six numbers, a row of them, taps and two kinds of weights.
  private var constants: [ConstantRecord] {
    let forms: [([Int], MatrixLayout)] = [
      ([6], .rows), ([1, 6], .rows), ([6, 1, 1, 1], .depthwise), ([6, 6], .panels),
      ([6, 6, 1, 1], .panelsChannelsLast),
    ]
    return forms.map { shape, layout in
      var record = ConstantRecord()
      (record.shape, record.layout) = (shape, layout)
      return record
    }
  }

  private static func all(_ buffer: Int) -> RowsOperand { RowsOperand(buffer, first: 0, count: 6) }

  /// Each in a form that is sound for rows that are all in use.
  static var refusing: [(kind: StepKind, step: Step)] {
    var convolution = ConvolutionStep()
    (convolution.input, convolution.isChannelsLast, convolution.channels) = (counted, true, 6)
    (convolution.height, convolution.width, convolution.weight) = (6, 1, 4)
    convolution.output = all(rows)
    var prefix = PrefixStep()
    (prefix.rows, prefix.output) = (1, RowsOperand(counted, first: 0, count: 1))
    var score = ScoreStep()
    (score.classAttention, score.output) = (counted, row)
    var match = BipartiteAssignStep()
    (match.qkv, match.headWidth, match.best, match.score) = (counted, 2, indices, column)
    var nearest = NearestAssignStep()
    (nearest.tokens, nearest.nearest, nearest.similarity) = (counted, 15, 9)
    var greedy = GreedyPartitionStep()
    (greedy.tokens, greedy.keep, greedy.importance, greedy.similarity) = (counted, 3, 16, 9)
    (greedy.nearest, greedy.sizes, greedy.weights) = (15, 13, 17)
    (greedy.kept, greedy.dropped, greedy.destination) = (18, indices, 19)
    var fill = FillStep()
    fill.output = counted
    var pool = AvgPool2x2Step()
    (pool.input, pool.channels, pool.height, pool.width) = (counted, 3, 2, 6)
    pool.output = 14
    var down = GridStep()
    (down.input, down.prefix, down.height, down.width) = (all(counted), 2, 2, 2)
    down.output = RowsOperand(grid, first: 0, count: 3)
    var depthwise = DepthwiseStep()
    (depthwise.input, depthwise.height, depthwise.width) = (all(counted), 3, 2)
    (depthwise.weight, depthwise.bias, depthwise.output) = (2, 0, all(rows))
    return [
      (.convolution, .convolution(convolution)), (.prefix, .prefix(prefix)),
      (.score, .score(score)), (.bipartiteAssign, .bipartiteAssign(match)),
      (.nearestAssign, .nearestAssign(nearest)), (.greedyPartition, .greedyPartition(greedy)),
      (.fill, .fill(fill)),
      (.avgPool2x2, .avgPool2x2(pool)), (.grid, .grid(down)), (.depthwise, .depthwise(depthwise)),
    ]
  }

  /// The program with buffer 14 for the halved image.
  private func sound(_ steps: [Step]) -> Program {
    var program = program(steps)
    program.buffers.append(BufferRecord(rows: 3, columns: 3, offset: program.arenaBytes))
    program.arenaBytes += 256
    return program
  }

  /// The sound program of one step, with buffers for pairs of five patch tokens.
  private func sound(_ step: Step) -> Program {
    var program = sound([step])
    for record in [
      BufferRecord(.int32, rows: 1, columns: 5), BufferRecord(rows: 1, columns: 5),
      BufferRecord(rows: 1, columns: 5), BufferRecord(.int32, rows: 1, columns: 3),
      BufferRecord(.int32, rows: 1, columns: 5),
    ] {
      program.buffers.append(record)
      program.buffers[program.buffers.count - 1].offset = program.arenaBytes
      program.arenaBytes += 256
    }
    let fills = [15, 9, 16, 13].map { StepRecord(.fill(fill($0))) }
    program.steps.insert(contentsOf: fills, at: program.steps.count - 2)
    return program
  }

  @Test(arguments: refusing.indices)
  func otherKindsRefuseThem(number: Int) throws {
    let (kind, step) = Self.refusing[number]
    let program = sound(step)
    let error = #expect(throws: InputError.self) {
      try program.verify(constants: constants, file: "plan")
    }
    #expect(
      error?.field == "program, step \(program.steps.count - 2) (\(kind.word)), unused",
      "\(error?.description ?? "")")
    // It is the count alone that they refuse.
    var whole = program
    whole.buffers[Self.counted].unused = nil
    whole.buffers[Self.kept].unused = nil
    whole.buffers[4].columns = 2
    guard case .partition(var partition) = whole.steps[3].step else { return }
    (partition.threshold, partition.unused) = (nil, nil)
    whole.steps[3] = StepRecord(.partition(partition))
    try whole.verify(constants: constants, file: "plan")
  }

  /// Results of counted rows are counted, and a residual is what it is added to.
  @Test func resultsAreCountedAsOperandsAre() throws {
    var linear = LinearStep()
    (linear.input, linear.weight) = (Self.all(Self.counted), 3)
    linear.output = Self.all(Self.rows)
    var norm = NormStep()
    (norm.input, norm.output) = (linear.input, linear.output)
    var sum = ElementwiseStep()
    (sum.a, sum.u, sum.output) = (linear.input, linear.input, linear.output)
    for step in [Step.linear(linear), .norm(norm), .elementwise(sum)] {
      var program = sound([step])
      program.steps.remove(at: 2)
      let error = #expect(throws: InputError.self) {
        try program.verify(constants: constants, file: "plan")
      }
      #expect(error?.expected == "one count for the same tokens")
      program.buffers[Self.rows].unused = UnusedRecord(Self.count, along: .rows)
      try program.verify(constants: constants, file: "plan")
    }
    var mixed = sum
    mixed.u = Self.all(Self.rows)
    mixed.output = Self.all(Self.counted)
    linear.residual = linear.output
    linear.output = Self.all(Self.counted)
    linear.input = Self.all(Self.rows)
    for step in [Step.elementwise(mixed), .linear(linear)] {
      #expect(throws: InputError.self) {
        try sound([step]).verify(constants: constants, file: "plan")
      }
    }
  }

  @Test func rangesAreInUseOrReachToTheEnd() throws {
    func verify(_ first: Int, _ count: Int) throws {
      var norm = NormStep()
      norm.input = RowsOperand(Self.counted, first: first, count: count)
      norm.output = RowsOperand(Self.rows, first: first, count: count)
      var program = sound([.norm(norm)])
      program.steps.remove(at: 2)
      if first + count == 6 {
        program.buffers[Self.rows].unused = UnusedRecord(Self.count, along: .rows)
      }
      try program.verify(constants: constants, file: "plan")
    }
    // Of the last four rows all may not be in use, which a norm takes.
    for (first, count) in [(0, 1), (0, 2), (1, 1), (0, 6), (1, 5), (2, 4)] {
      try verify(first, count)
    }
    for (first, count) in [(0, 3), (1, 2), (3, 3), (5, 1), (2, 1)] {
      #expect(throws: InputError.self, "\(count) from \(first)") { try verify(first, count) }
    }
  }

  /// A step that reads a count must not write it.
  @Test func aCountDoesNotChangeUnderAStep() throws {
    var again = PartitionStep()
    (again.scores, again.keep) = (Self.row, 1)
    (again.kept, again.dropped, again.destination) = (14, 15, 16)
    again.unused = Self.count
    var program = sound([.partition(again)])
    let columns = UnusedRecord(Self.count, along: .columns)
    program.buffers[14] = BufferRecord(.int32, rows: 1, columns: 1, offset: 4096, unused: columns)
    program.buffers += [
      BufferRecord(.int32, rows: 1, columns: 4, offset: 4352),
      BufferRecord(.int32, rows: 1, columns: 5, offset: 4608, unused: columns),
    ]
    program.arenaBytes = 8192
    program.buffers[Self.row].unused = columns
    var score = ScoreStep()
    (score.classAttention, score.output) = (17, Self.row)
    program.buffers.append(BufferRecord(rows: 1, columns: 6, offset: 5120, unused: columns))
    program.steps.insert(StepRecord(.score(score)), at: 5)
    var attention = AttentionStep()
    (attention.qkv, attention.headWidth, attention.queries) = (Self.counted, 2, 6)
    (attention.output, attention.classAttention) = (18, 17)
    program.buffers.append(
      BufferRecord(
        rows: 6, columns: 2, offset: 5376, unused: UnusedRecord(Self.count, along: .rows)))
    program.steps.insert(StepRecord(.attention(attention)), at: 5)
    let error = #expect(throws: InputError.self) {
      try program.verify(constants: constants, file: "plan")
    }
    #expect(
      error?.found == "buffer \(Self.count), which the step writes", "\(error?.description ?? "")")
  }
}
