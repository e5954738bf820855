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
  private(set) var program = Program()

  /// Names a constant of the graph in a layout; its position in the plan's table.
  private let constantIndex: (ConstantID, ConstantLayout) throws -> Int

  private var places: [RowsOperand?]
  private var targets: [Int: RowsOperand] = [:]
  private var roots: [Int]
  private var lastUse: [Int]
  private var destinations: [Int: Int] = [:]

  /// The plan's steps, buffers and stages for a fused graph.
  static func lower(
    _ graph: Graph, constantIndex: @escaping (ConstantID, ConstantLayout) throws -> Int
  ) throws -> Program {
    var lowering = Lowering(graph: graph, constantIndex: constantIndex)
    for position in graph.nodes.indices { try lowering.lower(nodeAt: position) }
    guard let logits = graph.outputs.first else { throw lowering.unsupported(0, "no output") }
    lowering.program.logits = try lowering.wholeBuffer(logits, node: graph.nodes.count - 1)
    ArenaPlanner.place(&lowering.program)
    return lowering.program
  }

  private init(
    graph: Graph, constantIndex: @escaping (ConstantID, ConstantLayout) throws -> Int
  ) {
    self.graph = graph
    self.constantIndex = constantIndex
    places = .init(repeating: nil, count: graph.types.count)
    roots = Array(graph.types.indices)
    lastUse = .init(repeating: -1, count: graph.types.count)
    findRoots()
    placeConcatenations()
  }

  // MARK: - Aliases

  /// Follows slices, flattened maps and parts of concatenations to the value that owns the bytes.
  private mutating func findRoots() {
    for node in graph.nodes {
      switch node.op {
      case .slice, .flatten: roots[node.outputs[0].index] = roots[node.inputs[0].index]
      default: break
      }
    }
    for (position, node) in graph.nodes.enumerated() {
      for input in node.inputs { lastUse[roots[input.index]] = position }
    }
    for output in graph.outputs { lastUse[roots[output.index]] = graph.nodes.count }
  }

  /// Makes the buffer of each concatenation first, so that parts can be written into it.
  private mutating func placeConcatenations() {
    let producers = graph.producers()
    for node in graph.nodes {
      var first = 0
      switch node.op {
      case .prepend(let prepend): first = graph.constant(prepend.rows).shape[0]
      case .concatenate: break
      default: continue
      }
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
        if Self.writesRows(producer.op), targets[owner.index] == nil {
          targets[owner.index] = RowsOperand(buffer, first: first, count: count)
        }
        first += count
      }
    }
  }

  private static func writesRows(_ op: Op) -> Bool {
    switch op {
    case .convolution, .linear, .add, .combine, .multiplyAdd, .depthwise, .gridUp, .gridDown: true
    default: false
    }
  }

  // MARK: - Buffers

  private func rowCount(_ value: ValueID) -> Int {
    switch graph.type(value) {
    case .rows(let count, _): count
    case .map(_, let height, let width): height * width
    case .picture(let channels, let height, _): channels * height
    case .indices: 1
    }
  }

  private mutating func newBuffer(_ record: BufferRecord) -> Int {
    program.buffers.append(record)
    return program.buffers.count - 1
  }

  private mutating func newBuffer(for type: ValueType) -> Int {
    switch type {
    case .picture(let channels, let height, let width):
      newBuffer(BufferRecord(rows: channels * height, columns: width))
    case .map(let channels, let height, let width):
      newBuffer(BufferRecord(rows: height * width, columns: channels))
    case .rows(let count, let width): newBuffer(BufferRecord(rows: count, columns: width))
    case .indices(let count): newBuffer(BufferRecord(.int32, rows: 1, columns: count))
    }
  }

  /// The place of a new result: inside a concatenation, or a buffer of its own.
  private mutating func output(_ value: ValueID) -> RowsOperand {
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
  private mutating func output(
    _ value: ValueID, overwriting operand: ValueID, at position: Int, unlessRead others: [ValueID]
  ) throws -> RowsOperand {
    let root = roots[operand.index]
    guard targets[value.index] == nil, lastUse[root] == position,
      !others.contains(where: { roots[$0.index] == root }),
      !targets.keys.contains(root)
    else { return output(value) }
    let place = try self.place(operand, node: position)
    guard place.buffer != program.input else { return output(value) }
    places[value.index] = place
    // The bytes now belong to the result; they stay in use as long as it does.
    roots[value.index] = root
    lastUse[root] = max(lastUse[root], lastUse[value.index])
    return place
  }

  private func place(_ value: ValueID, node: Int) throws -> RowsOperand {
    guard let place = places[value.index] else { throw unsupported(node, "no place for %\(value)") }
    return place
  }

  /// The buffer of a value that fills it.
  private func wholeBuffer(_ value: ValueID, node: Int) throws -> Int {
    let place = try place(value, node: node)
    guard place.first == 0, place.count == program.buffers[place.buffer].rows else {
      throw unsupported(node, "rows of a larger buffer")
    }
    return place.buffer
  }

  private func unsupported(_ position: Int, _ reason: String) -> InputError {
    InputError(
      file: "graph", field: "node \(position) (\(graph.nodes[position].op.name))",
      expected: "a node that can be lowered", found: reason)
  }

  private func table(_ id: ConstantID) throws -> Int { try constantIndex(id, .rows) }

  private func norm(_ norm: Norm?) throws -> NormOperand? {
    try norm.map {
      NormOperand(
        weight: try table($0.weight), bias: try table($0.bias), epsilon: $0.epsilon)
    }
  }

  private mutating func emit(_ step: Step) { program.steps.append(StepRecord(step)) }
}

// MARK: - Nodes

extension Lowering {
  private mutating func lower(nodeAt position: Int) throws {
    let node = graph.nodes[position]
    switch node.op {
    case .picture:
      program.input = newBuffer(for: graph.type(node.outputs[0]))
      program.buffers[program.input].offset = -1
      places[node.outputs[0].index] = RowsOperand(
        program.input, first: 0, count: program.buffers[program.input].rows)
    case .flatten: places[node.outputs[0].index] = try place(node.inputs[0], node: position)
    case .slice(let slice):
      let whole = try place(node.inputs[0], node: position)
      places[node.outputs[0].index] = RowsOperand(
        whole.buffer, first: whole.first + slice.first, count: slice.count)
    case .prepend(let prepend):
      let whole = try place(node.outputs[0], node: position)
      var step = PrefixStep()
      step.rows = try table(prepend.rows)
      step.output = RowsOperand(
        whole.buffer, first: 0, count: graph.constant(prepend.rows).shape[0])
      emit(.prefix(step))
      try copyParts(of: node, from: step.output.count, at: position)
    case .concatenate: try copyParts(of: node, from: 0, at: position)
    case .convolution(let convolution): try lower(convolution, node, position)
    case .linear(let linear): try lower(linear, node, position)
    case .attention(let attention): try lower(attention, node, position)
    case .layerNorm(let attributes):
      var step = NormStep()
      step.input = try place(node.inputs[0], node: position)
      step.norm = NormOperand(
        weight: try table(attributes.weight), bias: try table(attributes.bias),
        epsilon: attributes.epsilon)
      step.output = output(node.outputs[0])
      emit(.norm(step))
    case .add, .combine, .multiplyAdd: try lowerElementwise(node, position)
    case .columnMax:
      var step = ColumnMaxStep()
      step.input = try place(node.inputs[0], node: position)
      step.output = output(node.outputs[0])
      emit(.columnMax(step))
    case .unitSizes, .patchIndices:
      var step = FillStep()
      step.output = output(node.outputs[0]).buffer
      emit(.fill(step))
    case .select(let select): try lower(select, node, position)
    case .reduce(let reduce): try lower(reduce, node, position)
    case .match(let match): try lower(match, node, position)
    case .halve:
      guard case .picture(let channels, let height, let width) = graph.type(node.inputs[0]) else {
        throw unsupported(position, "no picture")
      }
      var step = HalveStep()
      (step.channels, step.height, step.width) = (channels, height, width)
      step.input = try wholeBuffer(node.inputs[0], node: position)
      step.output = output(node.outputs[0]).buffer
      emit(.halve(step))
    case .gridDown(let grid): try lower(grid, .down, node, position)
    case .gridUp(let grid): try lower(grid, .up, node, position)
    case .depthwise(let depthwise):
      var step = DepthwiseStep()
      step.input = try place(node.inputs[0], node: position)
      (step.height, step.width) = (depthwise.height, depthwise.width)
      (step.kernel, step.dilation) = (depthwise.kernel, depthwise.dilation)
      step.addsInput = depthwise.addsOperand
      step.weight = try constantIndex(depthwise.weight, .taps)
      step.bias = try table(depthwise.bias)
      step.output = output(node.outputs[0])
      emit(.depthwise(step))
    case .batchNorm, .activation, .addTable, .scaleColumns, .scale:
      throw unsupported(position, "a node that no pass could fold or fuse")
    }
  }

  /// Copies the parts of a concatenation that their producers could not write in place.
  private mutating func copyParts(of node: Graph.Node, from start: Int, at position: Int) throws {
    let whole = try place(node.outputs[0], node: position)
    var first = start
    for part in node.inputs {
      let target = RowsOperand(whole.buffer, first: first, count: rowCount(part))
      let source = try place(part, node: position)
      if source != target {
        var step = ElementwiseStep()
        step.operation = .copy
        (step.a, step.u, step.output) = (source, source, target)
        emit(.elementwise(step))
      }
      first += target.count
    }
  }

  private mutating func lower(
    _ convolution: Convolution, _ node: Graph.Node, _ position: Int
  ) throws {
    guard convolution.kernelHeight == convolution.kernelWidth else {
      throw unsupported(
        position, "a kernel of \(convolution.kernelHeight) x \(convolution.kernelWidth)")
    }
    var step = ConvolutionStep()
    switch graph.type(node.inputs[0]) {
    case .picture(let channels, let height, let width):
      (step.channels, step.height, step.width) = (channels, height, width)
    case .map(let channels, let height, let width):
      (step.channels, step.height, step.width) = (channels, height, width)
      step.isChannelsLast = true
    default: throw unsupported(position, "neither picture nor map")
    }
    step.input = try wholeBuffer(node.inputs[0], node: position)
    step.weight = try constantIndex(
      convolution.weight, step.isChannelsLast ? .panelsChannelsLast : .panels)
    step.bias = try convolution.bias.map(table)
    step.kernel = convolution.kernelHeight
    (step.stride, step.padding) = (convolution.stride, convolution.padding)
    step.activation = convolution.activation
    step.table = try convolution.table.map(table)
    step.output = output(node.outputs[0])
    emit(.convolution(step))
  }

  private mutating func lower(_ linear: Linear, _ node: Graph.Node, _ position: Int) throws {
    var step = LinearStep()
    step.input = try place(node.inputs[0], node: position)
    step.weight = try constantIndex(linear.weight, .panels)
    step.bias = try linear.bias.map(table)
    step.norm = try norm(linear.norm)
    step.activation = linear.activation
    if linear.hasResidual {
      step.residual = try place(node.inputs[1], node: position)
      step.output = try output(
        node.outputs[0], overwriting: node.inputs[1], at: position, unlessRead: [node.inputs[0]])
    } else {
      step.output = output(node.outputs[0])
    }
    emit(.linear(step))
  }

  private mutating func lower(_ attention: Attention, _ node: Graph.Node, _ position: Int) throws {
    var step = AttentionStep()
    step.qkv = try wholeBuffer(node.inputs[0], node: position)
    (step.heads, step.headWidth) = (attention.heads, attention.headWidth)
    step.scale = attention.scale
    step.queries = attention.queries == 0 ? rowCount(node.inputs[0]) : attention.queries
    if attention.isSizeAware { step.sizes = try wholeBuffer(node.inputs[1], node: position) }
    var outputs = node.outputs[...].map { $0 }
    step.output = output(outputs.removeFirst()).buffer
    if attention.keepsClassRows { step.classRows = output(outputs.removeFirst()).buffer }
    if attention.keepsProbabilities { step.probabilities = output(outputs.removeFirst()).buffer }
    emit(.attention(step))
  }

  private mutating func lowerElementwise(_ node: Graph.Node, _ position: Int) throws {
    var step = ElementwiseStep()
    step.a = try place(node.inputs[0], node: position)
    step.u = try place(node.inputs[1], node: position)
    switch node.op {
    case .combine(let combine):
      step.operation = .combine
      (step.alpha, step.beta) = (combine.alpha, combine.beta)
    case .multiplyAdd:
      step.operation = .multiplyAdd
      step.v = try place(node.inputs[2], node: position)
    default: break
    }
    step.output = try output(
      node.outputs[0], overwriting: node.inputs[0], at: position,
      unlessRead: Array(node.inputs.dropFirst()))
    emit(.elementwise(step))
  }

  private mutating func lower(
    _ grid: Grid, _ direction: GridStep.Direction, _ node: Graph.Node, _ position: Int
  ) throws {
    var step = GridStep()
    step.direction = direction
    step.input = try place(node.inputs[0], node: position)
    (step.prefix, step.height, step.width) = (grid.prefix, grid.height, grid.width)
    step.norm = try norm(grid.norm)
    if grid.hasResidual {
      step.residual = try place(node.inputs[1], node: position)
      step.output = try output(
        node.outputs[0], overwriting: node.inputs[1], at: position, unlessRead: [node.inputs[0]])
    } else {
      step.output = output(node.outputs[0])
    }
    emit(.grid(step))
  }
}

// MARK: - Token reduction

extension Lowering {
  private mutating func lower(_ select: Select, _ node: Graph.Node, _ position: Int) throws {
    var step = SelectStep()
    step.classRows = try wholeBuffer(node.inputs[0], node: position)
    (step.prefix, step.keep) = (select.prefix, select.keep)
    step.kept = output(node.outputs[0]).buffer
    step.dropped = output(node.outputs[1]).buffer
    step.importance = output(node.outputs[2]).buffer
    step.destination = newBuffer(
      BufferRecord(.int32, rows: 1, columns: program.buffers[step.importance].columns))
    step.fuses = graph.nodes.contains {
      if case .reduce(let reduce) = $0.op, reduce.strategy == .fuse {
        return $0.inputs[1] == node.outputs[0]
      }
      return false
    }
    destinations[node.outputs[0].index] = step.destination
    emit(.select(step))
  }

  private mutating func lower(_ reduce: Reduce, _ node: Graph.Node, _ position: Int) throws {
    var step = ReduceStep()
    (step.strategy, step.similarity) = (reduce.strategy, reduce.similarity)
    (step.seed, step.block, step.prefix) = (reduce.seed, reduce.block, reduce.prefix)
    step.tokens = try wholeBuffer(node.inputs[0], node: position)
    step.kept = try wholeBuffer(node.inputs[1], node: position)
    step.dropped = try wholeBuffer(node.inputs[2], node: position)
    step.importance = try wholeBuffer(node.inputs[3], node: position)
    guard let destination = destinations[node.inputs[1].index] else {
      throw unsupported(position, "indices that no selection made")
    }
    step.destination = destination
    var operands = node.inputs.dropFirst(4)
    var results = node.outputs[...]
    step.output = output(results.removeFirst()).buffer
    if reduce.strategy == .merge { step.into = output(results.removeFirst()).buffer }
    if reduce.carriesSizes {
      step.sizes = try wholeBuffer(operands.removeFirst(), node: position)
      step.newSizes = output(results.removeFirst()).buffer
    }
    if reduce.strategy == .merge && reduce.similarity == .attention {
      step.probabilities = try wholeBuffer(operands.removeFirst(), node: position)
    }
    if reduce.carriesPatchIndices {
      step.patchIndices = try wholeBuffer(operands.removeFirst(), node: position)
      step.newPatchIndices = output(results.removeFirst()).buffer
    }
    emit(.reduce(step))
    addStage(
      node, reduce.strategy, prefix: reduce.prefix, kept: step.kept, destination: destination)
  }

  private mutating func lower(_ match: Match, _ node: Graph.Node, _ position: Int) throws {
    var step = MatchStep()
    step.tokens = try wholeBuffer(node.inputs[0], node: position)
    step.qkv = try wholeBuffer(node.inputs[1], node: position)
    step.sizes = try wholeBuffer(node.inputs[2], node: position)
    (step.prefix, step.keep) = (match.prefix, match.keep)
    (step.heads, step.headWidth) = (match.heads, match.headWidth)
    let pairs = (rowCount(node.inputs[0]) - match.prefix) / 2
    step.best = newBuffer(BufferRecord(.int32, rows: 1, columns: pairs))
    step.score = newBuffer(BufferRecord(rows: 1, columns: pairs))
    step.kept = newBuffer(BufferRecord(.int32, rows: 1, columns: match.keep))
    step.output = output(node.outputs[0]).buffer
    step.newSizes = output(node.outputs[1]).buffer
    step.destination = output(node.outputs[2]).buffer
    emit(.match(step))
    addStage(
      node, .tome, prefix: match.prefix, kept: step.kept, destination: step.destination)
  }

  private mutating func addStage(
    _ node: Graph.Node, _ strategy: ReductionStrategy, prefix: Int, kept: Int, destination: Int
  ) {
    var stage = StageRecord()
    stage.block = node.block ?? 0
    stage.strategy = strategy
    stage.patchesIn = rowCount(node.inputs[0]) - prefix
    stage.patchesOut = rowCount(node.outputs[0]) - prefix
    (stage.kept, stage.destination) = (kept, destination)
    program.stages.append(stage)
  }
}
