internal import ModelFacts
internal import ModelGraph
internal import PlanFormat
internal import Tensors

// One step, or several, for each kind of node.
extension Lowering {
  mutating func lower(nodeAt position: Int) throws {
    let node = graph.nodes[position]
    switch node.op {
    case .image:
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
    case .attention(let attention):
      emit(.attention(try step(of: attention, node, position)))
    case .biasedAttention(let biased): try lower(biased, node, position)
    case .layerNorm(let attributes):
      var step = NormStep()
      step.input = try place(node.inputs[0], node: position)
      step.norm = try norm(attributes)
      step.output = output(node.outputs[0])
      emit(.norm(step))
    case .rmsNorm(let attributes):
      var step = RMSNormStep()
      step.input = try place(node.inputs[0], node: position)
      step.weight = try table(attributes.weight)
      step.epsilon = attributes.epsilon
      step.output = output(node.outputs[0])
      emit(.rmsNorm(step))
    case .add: try lowerElementwise(ElementwiseStep(), node, position)
    case .combine(let combine):
      var step = ElementwiseStep()
      step.operation = .combine
      (step.alpha, step.beta) = (combine.alpha, combine.beta)
      try lowerElementwise(step, node, position)
    case .multiplyAdd:
      var step = ElementwiseStep()
      step.operation = .multiplyAdd
      step.v = try place(node.inputs[2], node: position)
      try lowerElementwise(step, node, position)
    case .reduceMax:
      var step = ReduceMaxStep()
      step.input = try place(node.inputs[0], node: position)
      step.output = output(node.outputs[0])
      emit(.reduceMax(step))
    case .reduceMean(let mean):
      var step = ReduceMeanStep()
      step.input = try place(node.inputs[0], node: position)
      step.prefix = mean.prefix
      if mean.isSizeAware { step.sizes = try wholeBuffer(node.inputs[1], node: position) }
      step.output = output(node.outputs[0])
      emit(.reduceMean(step))
    case .attentionPool(let pool): try lower(pool, node, position)
    case .headNorm(let norm): try lower(norm, node, position)
    case .rotaryEmbedding(let rotary): try lower(rotary, node, position)
    case .gatedActivation(let gated):
      var step = GatedActivationStep()
      step.activation = gated.activation
      step.input = try place(node.inputs[0], node: position)
      step.output = output(node.outputs[0])
      emit(.gatedActivation(step))
    case .unitSizes, .patchIndices:
      var step = FillStep()
      step.output = output(node.outputs[0]).buffer
      emit(.fill(step))
    case .score(let score): try lower(score, node, position)
    case .partition(let partition): try lower(partition, node, position)
    case .assign(let assign): try lower(assign, node, position)
    case .bipartiteAssign(let assign): try lower(assign, node, position)
    case .nearestAssign(let assign): try lower(assign, node, position)
    case .greedyPartition(let partition): try lower(partition, node, position)
    case .gather(let gather): try lower(gather, node, position)
    case .normScore(let score): try lower(score, node, position)
    case .halfMean: try lowerHalfMean(node, position)
    case .keepScore: try lowerKeepScore(node, position)
    case .policyPartition(let partition): try lower(partition, node, position)
    case .pick: try lowerPick(node, position)
    case .restore(let restore): try lower(restore, node, position)
    case .select(let select): try lower(select, node, position)
    case .halt(let halt): try lower(halt, node, position)
    case .accumulate(let sum): try lower(sum, node, position)
    case .headMean(let mean): try lower(mean, node, position)
    case .headLinear(let linear): try lower(linear, node, position)
    case .headHalfMean(let mean): try lower(mean, node, position)
    case .headVote(let vote): try lower(vote, node, position)
    case .packagePartition(let partition): try lower(partition, node, position)
    case .patchMax(let largest): try lower(largest, node, position)
    case .avgPool2x2:
      guard case .image(let channels, let height, let width) = graph.type(node.inputs[0]) else {
        throw unsupported(position, "no image")
      }
      var step = AvgPool2x2Step()
      (step.channels, step.height, step.width) = (channels, height, width)
      step.input = try wholeBuffer(node.inputs[0], node: position)
      step.output = output(node.outputs[0]).buffer
      emit(.avgPool2x2(step))
    case .gridAvgPool(let grid): try lower(grid, node, position)
    case .gridUpsample(let grid): try lower(grid, node, position)
    case .depthwise(let depthwise):
      var step = DepthwiseStep()
      step.input = try place(node.inputs[0], node: position)
      (step.height, step.width) = (depthwise.height, depthwise.width)
      (step.kernel, step.dilation) = (depthwise.kernel, depthwise.dilation)
      step.addsInput = depthwise.addsOperand
      step.weight = try constantIndex(depthwise.weight, .depthwise)
      step.bias = try table(depthwise.bias)
      step.output = output(node.outputs[0])
      emit(.depthwise(step))
    case .addPositions(let add): try lower(add, node, position)
    case .batchNorm, .activation, .scaleColumns, .scale:
      throw unsupported(position, "a node that no pass could fold or fuse")
    }
  }

  /// A table that no convolution could take: its rows, and the operand's added to them.
  private mutating func lower(
    _ add: AddPositions, _ node: Graph.Node, _ position: Int
  ) throws {
    var table = PrefixStep()
    table.rows = try self.table(add.table)
    table.output = output(node.outputs[0])
    emit(.prefix(table))
    var sum = ElementwiseStep()
    (sum.a, sum.u) = (try place(node.inputs[0], node: position), table.output)
    sum.output = table.output
    emit(.elementwise(sum))
  }

  /// Copies the parts of a concatenation that their producers could not write in place.
  mutating func copyParts(of node: Graph.Node, from start: Int, at position: Int) throws {
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

  mutating func lower(
    _ convolution: Convolution, _ node: Graph.Node, _ position: Int
  ) throws {
    guard convolution.kernelHeight == convolution.kernelWidth || convolution.stride == 0 else {
      throw unsupported(
        position, "a kernel of \(convolution.kernelHeight) x \(convolution.kernelWidth)")
    }
    var step = ConvolutionStep()
    switch graph.type(node.inputs[0]) {
    case .image(let channels, let height, let width):
      (step.channels, step.height, step.width) = (channels, height, width)
    case .map(let channels, let height, let width):
      (step.channels, step.height, step.width) = (channels, height, width)
      step.isChannelsLast = true
    case .rows, .indices: throw unsupported(position, "neither image nor map")
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

  mutating func lower(_ linear: Linear, _ node: Graph.Node, _ position: Int) throws {
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

  /// The step of attention, with places for the node's results.
  mutating func step(
    of attention: Attention, _ node: Graph.Node, _ position: Int
  ) throws -> AttentionStep {
    var step = AttentionStep()
    step.qkv = try wholeBuffer(node.inputs[0], node: position)
    (step.heads, step.headWidth) = (attention.heads, attention.headWidth)
    step.scale = attention.scale
    step.queries = attention.queries == 0 ? rowCount(node.inputs[0]) : attention.queries
    if attention.isSizeAware { step.sizes = try wholeBuffer(node.inputs[1], node: position) }
    var outputs = node.outputs[...].map { $0 }
    step.output = output(outputs.removeFirst()).buffer
    if attention.keepsClassAttention { step.classAttention = output(outputs.removeFirst()).buffer }
    if attention.keepsProbabilities { step.probabilities = output(outputs.removeFirst()).buffer }
    return step
  }

  mutating func lower(_ pool: AttentionPool, _ node: Graph.Node, _ position: Int) throws {
    var step = AttentionPoolStep()
    step.input = try place(node.inputs[0], node: position)
    step.query = try table(pool.query)
    (step.heads, step.headWidth, step.scale) = (pool.heads, pool.headWidth, pool.scale)
    step.prefix = pool.prefix
    if pool.isSizeAware { step.sizes = try wholeBuffer(node.inputs[1], node: position) }
    step.output = output(node.outputs[0])
    emit(.attentionPool(step))
  }

  /// Completes a step of operands `a` and `u` and of one result.
  mutating func lowerElementwise(
    _ operation: ElementwiseStep, _ node: Graph.Node, _ position: Int
  ) throws {
    var step = operation
    step.a = try place(node.inputs[0], node: position)
    step.u = try place(node.inputs[1], node: position)
    step.output = try output(
      node.outputs[0], overwriting: node.inputs[0], at: position,
      unlessRead: Array(node.inputs.dropFirst()))
    emit(.elementwise(step))
  }

  mutating func lower(_ grid: GridAvgPool, _ node: Graph.Node, _ position: Int) throws {
    var step = GridStep()
    step.direction = .down
    step.input = try place(node.inputs[0], node: position)
    (step.prefix, step.height, step.width) = (grid.prefix, grid.height, grid.width)
    step.norm = try norm(grid.norm)
    step.output = output(node.outputs[0])
    emit(.grid(step))
  }

  mutating func lower(_ grid: GridUpsample, _ node: Graph.Node, _ position: Int) throws {
    var step = GridStep()
    step.direction = .up
    step.input = try place(node.inputs[0], node: position)
    (step.prefix, step.height, step.width) = (grid.prefix, grid.height, grid.width)
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
