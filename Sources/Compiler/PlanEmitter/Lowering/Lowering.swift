internal import ModelFacts
internal import ModelGraph
internal import PlanFormat
internal import Tensors

/// Turns a fused graph into steps over buffers: one step for each node that computes something.
///
/// Slices and flattened maps are places inside their operand's buffer; parts of a concatenation are
/// written straight into the whole's buffer; a residual that nobody reads any more is overwritten.
struct Lowering {
  let graph: Graph

  /// What errors name.
  let file: String
  var program = Program()

  /// Names a constant of the graph in a layout; its position in the plan's table.
  let constantIndex: (ConstantID, MatrixLayout) throws -> Int

  var places: [RowsOperand?]
  var targets: [Int: RowsOperand] = [:]
  var roots: [Int]
  var lastUse: [Int]

  /// The plan's steps, buffers and stages for a fused graph.
  static func lower(
    _ graph: Graph, file: String,
    constantIndex: @escaping (ConstantID, MatrixLayout) throws -> Int
  ) throws -> Program {
    var lowering = Lowering(graph: graph, file: file, constantIndex: constantIndex)
    for position in graph.nodes.indices { try lowering.lower(nodeAt: position) }
    lowering.program.outputs = try graph.outputs.map {
      OutputRecord($0.role, try lowering.place($0.value, node: graph.nodes.count - 1))
    }
    ArenaPlanner.place(&lowering.program)
    return lowering.program
  }

  private init(
    graph: Graph, file: String,
    constantIndex: @escaping (ConstantID, MatrixLayout) throws -> Int
  ) {
    self.graph = graph
    self.file = file
    self.constantIndex = constantIndex
    places = .init(repeating: nil, count: graph.types.count)
    roots = Array(graph.types.indices)
    lastUse = .init(repeating: -1, count: graph.types.count)
    findRoots()
    placeConcatenations()
  }

  // MARK: - Aliases

  /// Follows slices, flattened maps and parts of concatenations to the value that owns the bytes.
  mutating func findRoots() {
    for node in graph.nodes {
      if node.op.resultPlace == .insideOperand {
        roots[node.outputs[0].index] = roots[node.inputs[0].index]
      }
    }
    for (position, node) in graph.nodes.enumerated() {
      for input in node.inputs { lastUse[roots[input.index]] = position }
    }
    for output in graph.outputs { lastUse[roots[output.value.index]] = graph.nodes.count }
  }

  /// Makes the buffer of each concatenation first, so that parts can be written into it.
  mutating func placeConcatenations() {
    let producers = graph.producers()
    for node in graph.nodes {
      guard node.op.resultPlace == .aroundOperands else { continue }
      var first = 0
      if case .prepend(let prepend) = node.op { first = graph.constant(prepend.rows).shape[0] }
      let buffer = newBuffer(for: graph.type(node.outputs[0]))
      places[node.outputs[0].index] = RowsOperand(
        buffer, first: 0, count: program.buffers[buffer].rows)
      for part in node.inputs {
        let count = rowCount(part)
        var owner = part
        if case .flatten = graph.nodes[producers[part.index]].op {
          owner = graph.nodes[producers[part.index]].inputs[0]
        }
        let producer = graph.nodes[producers[owner.index]]
        if producer.op.resultPlace == .rows, targets[owner.index] == nil {
          targets[owner.index] = RowsOperand(buffer, first: first, count: count)
          // The part lies in the whole: who reads it reads the whole's bytes.
          let whole = node.outputs[0].index
          lastUse[whole] = max(lastUse[whole], lastUse[owner.index])
        }
        first += count
      }
    }
  }

  // MARK: - Buffers

  func rowCount(_ value: ValueID) -> Int {
    switch graph.type(value) {
    case .rows(let count, _, _): count
    case .map(_, let height, let width): height * width
    case .image(let channels, let height, _): channels * height
    case .indices: 1
    }
  }

  mutating func newBuffer(_ record: BufferRecord) -> Int {
    program.buffers.append(record)
    return program.buffers.count - 1
  }

  mutating func newBuffer(for type: ValueType) -> Int {
    switch type {
    case .image(let channels, let height, let width):
      newBuffer(BufferRecord(rows: channels * height, columns: width))
    case .map(let channels, let height, let width):
      newBuffer(BufferRecord(rows: height * width, columns: channels))
    case .rows(let count, let width, let unused):
      newBuffer(BufferRecord(rows: count, columns: width, unused: record(of: unused)))
    case .indices(let count, let unused):
      newBuffer(BufferRecord(.int32, rows: 1, columns: count, unused: record(of: unused)))
    }
  }

  /// Where it is written how many tokens are not in use: a value that was made before.
  private func record(of unused: UnusedTokens?) -> UnusedRecord? {
    unused.flatMap { unused in
      places[unused.value.index].map { UnusedRecord($0.buffer, along: unused.axis) }
    }
  }

  /// The place of a new result: inside a concatenation, or a buffer of its own.
  mutating func output(_ value: ValueID) -> RowsOperand {
    let place: RowsOperand
    if let target = targets[value.index] {
      place = target
    } else {
      let buffer = newBuffer(for: graph.type(value))
      place = RowsOperand(buffer, first: 0, count: program.buffers[buffer].rows)
    }
    places[value.index] = place
    return place
  }

  /// As ``output(_:)``, but overwriting `operand` when this node is the last to read it.
  mutating func output(
    _ value: ValueID, overwriting operand: ValueID, at position: Int, unlessRead others: [ValueID]
  ) throws -> RowsOperand {
    let root = roots[operand.index]
    guard targets[value.index] == nil, lastUse[root] == position,
      !others.contains(where: { roots[$0.index] == root }),
      !targets.keys.contains(root)
    else { return output(value) }
    let place = try self.place(operand, node: position)
    guard place.buffer != program.input,
      try !others.contains(where: { try self.place($0, node: position).buffer == place.buffer })
    else { return output(value) }
    places[value.index] = place
    // The bytes now belong to the result; they stay in use as long as it does.
    roots[value.index] = root
    lastUse[root] = max(lastUse[root], lastUse[value.index])
    return place
  }

  func place(_ value: ValueID, node: Int) throws -> RowsOperand {
    guard let place = places[value.index] else { throw unsupported(node, "no place for %\(value)") }
    return place
  }

  /// The buffer of a value that fills it.
  func wholeBuffer(_ value: ValueID, node: Int) throws -> Int {
    let place = try place(value, node: node)
    guard place.first == 0, place.count == program.buffers[place.buffer].rows else {
      throw unsupported(node, "rows of a larger buffer")
    }
    return place.buffer
  }

  func unsupported(_ position: Int, _ reason: String) -> InputError {
    InputError(
      .unsupported, file: file, field: "graph, node \(position) (\(graph.nodes[position].op.name))",
      expected: "a node that can be lowered", found: reason)
  }

  func table(_ id: ConstantID) throws -> Int { try constantIndex(id, .rows) }

  func norm(_ norm: Norm) throws -> NormOperand {
    NormOperand(
      weight: try table(norm.weight), bias: try table(norm.bias), epsilon: norm.epsilon)
  }

  func norm(_ norm: Norm?) throws -> NormOperand? { try norm.map { try self.norm($0) } }

  mutating func emit(_ step: Step) { program.steps.append(StepRecord(step)) }
}

/// Where a node's first result can lie.
private enum ResultPlace {
  /// Inside the buffer of the operand.
  case insideOperand
  /// In a buffer in which operands lie too.
  case aroundOperands
  /// In any rows of a buffer.
  case rows
  /// In a buffer of its own.
  case ownBuffer
}

extension Op {
  fileprivate var resultPlace: ResultPlace {
    switch self {
    case .slice, .flatten: .insideOperand
    case .prepend, .concatenate: .aroundOperands
    case .convolution, .linear, .add, .combine, .multiplyAdd, .depthwise, .gridUpsample,
      .gridAvgPool, .gatedActivation:
      .rows
    case .image, .layerNorm, .rmsNorm, .attention, .biasedAttention, .reduceMax, .reduceMean,
      .attentionPool,
      .headNorm, .rotaryEmbedding, .unitSizes,
      .patchIndices, .score,
      .partition,
      .assign, .bipartiteAssign, .nearestAssign, .greedyPartition, .gather, .avgPool2x2,
      .normScore, .halfMean, .keepScore, .policyPartition, .pick, .restore,
      .select, .halt, .accumulate,
      .headMean, .headLinear, .headHalfMean, .headVote, .packagePartition, .patchMax,
      .batchNorm, .activation, .addPositions, .scaleColumns, .scale:
      .ownBuffer
    }
  }
}
