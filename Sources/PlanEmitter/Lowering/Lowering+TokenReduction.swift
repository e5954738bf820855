internal import ModelFacts
internal import ModelGraph
internal import PlanFormat
internal import Tensors

// Nodes that choose tokens and join them.
extension Lowering {
  mutating func lower(_ select: Select, _ node: Graph.Node, _ position: Int) throws {
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

  mutating func lower(_ reduce: Reduce, _ node: Graph.Node, _ position: Int) throws {
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

  mutating func lower(_ match: Match, _ node: Graph.Node, _ position: Int) throws {
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

  mutating func addStage(
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
