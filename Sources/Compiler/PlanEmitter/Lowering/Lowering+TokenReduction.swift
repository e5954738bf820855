internal import ModelGraph
internal import PlanFormat
internal import Tensors

// Nodes that choose tokens and join them.
extension Lowering {
  mutating func lower(_ score: Score, _ node: Graph.Node, _ position: Int) throws {
    var step = ScoreStep()
    step.classAttention = try wholeBuffer(node.inputs[0], node: position)
    step.prefix = score.prefix
    step.output = output(node.outputs[0]).buffer
    emit(.score(step))
  }

  mutating func lower(_ partition: Partition, _ node: Graph.Node, _ position: Int) throws {
    var step = PartitionStep()
    step.order = partition.order
    step.scores = try wholeBuffer(node.inputs[0], node: position)
    if partition.order == .edges { step.best = try wholeBuffer(node.inputs[1], node: position) }
    (step.first, step.keep, step.appendsRow) =
      (partition.first, partition.keep, partition.appendsRow)
    step.threshold = partition.threshold
    // First, for the others to name it.
    if node.outputs.count > 3 { step.unused = output(node.outputs[3]).buffer }
    step.kept = output(node.outputs[0]).buffer
    step.dropped = output(node.outputs[1]).buffer
    step.destination = output(node.outputs[2]).buffer
    emit(.partition(step))
  }

  mutating func lower(_ assign: Assign, _ node: Graph.Node, _ position: Int) throws {
    var step = AssignStep()
    (step.similarity, step.prefix) = (assign.similarity, assign.prefix)
    (step.seed, step.block) = (assign.seed, assign.block)
    step.tokens = try wholeBuffer(node.inputs[0], node: position)
    step.kept = try wholeBuffer(node.inputs[1], node: position)
    step.dropped = try wholeBuffer(node.inputs[2], node: position)
    step.destination = try wholeBuffer(node.inputs[3], node: position)
    switch assign.similarity {
    case .cosine, .l1, .l2: break
    case .attention: step.probabilities = try wholeBuffer(node.inputs[4], node: position)
    case .random: step.patchIndices = try wholeBuffer(node.inputs[4], node: position)
    }
    let result = try output(
      node.outputs[0], overwriting: node.inputs[3], at: position,
      unlessRead: Array(node.inputs[..<3] + node.inputs[4...]))
    guard result.buffer == step.destination else {
      throw unsupported(position, "a destination that is read again")
    }
    emit(.assign(step))
  }

  mutating func lower(_ assign: BipartiteAssign, _ node: Graph.Node, _ position: Int) throws {
    var step = BipartiteAssignStep()
    step.qkv = try wholeBuffer(node.inputs[0], node: position)
    (step.prefix, step.first) = (assign.prefix, assign.first)
    (step.heads, step.headWidth) = (assign.heads, assign.headWidth)
    step.best = output(node.outputs[0]).buffer
    step.score = output(node.outputs[1]).buffer
    emit(.bipartiteAssign(step))
  }

  mutating func lower(_ assign: NearestAssign, _ node: Graph.Node, _ position: Int) throws {
    var step = NearestAssignStep()
    step.prefix = assign.prefix
    step.tokens = try wholeBuffer(node.inputs[0], node: position)
    step.nearest = output(node.outputs[0]).buffer
    step.similarity = output(node.outputs[1]).buffer
    emit(.nearestAssign(step))
  }

  mutating func lower(
    _ partition: GreedyPartition, _ node: Graph.Node, _ position: Int
  ) throws {
    var step = GreedyPartitionStep()
    (step.prefix, step.keep) = (partition.prefix, partition.keep)
    step.tokens = try wholeBuffer(node.inputs[0], node: position)
    step.importance = try wholeBuffer(node.inputs[1], node: position)
    step.nearest = try wholeBuffer(node.inputs[2], node: position)
    step.similarity = try wholeBuffer(node.inputs[3], node: position)
    step.sizes = try wholeBuffer(node.inputs[4], node: position)
    step.kept = output(node.outputs[0]).buffer
    step.dropped = output(node.outputs[1]).buffer
    step.destination = output(node.outputs[2]).buffer
    step.weights = output(node.outputs[3]).buffer
    emit(.greedyPartition(step))
  }

  mutating func lower(_ gather: Gather, _ node: Graph.Node, _ position: Int) throws {
    var step = GatherStep()
    (step.mode, step.prefix) = (gather.mode, gather.prefix)
    step.tokens = try wholeBuffer(node.inputs[0], node: position)
    step.kept = try wholeBuffer(node.inputs[1], node: position)
    step.destination = try wholeBuffer(node.inputs[2], node: position)
    var operands = node.inputs.dropFirst(3)
    var results = node.outputs[...]
    step.output = output(results.removeFirst()).buffer
    if gather.hasWeights {
      step.weights = try wholeBuffer(operands.removeFirst(), node: position)
    }
    if gather.hasSizes {
      step.sizes = try wholeBuffer(operands.removeFirst(), node: position)
      step.newSizes = output(results.removeFirst()).buffer
    }
    if gather.hasPatchIndices {
      step.patchIndices = try wholeBuffer(operands.removeFirst(), node: position)
      step.newPatchIndices = output(results.removeFirst()).buffer
    }
    emit(.gather(step))
    var stage = StageRecord()
    stage.block = node.block ?? 0
    stage.patchesIn = rowCount(node.inputs[0]) - gather.prefix
    stage.patchesOut = rowCount(node.outputs[0]) - gather.prefix
    (stage.kept, stage.destination) = (step.kept, step.destination)
    program.stages.append(stage)
  }
}
