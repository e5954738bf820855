internal import ModelFacts
internal import ModelGraph
internal import PlanFormat

// Nodes of methods that models are trained with for fewer tokens.
extension Lowering {
  mutating func lower(_ score: NormScore, _ node: Graph.Node, _ position: Int) throws {
    var step = NormScoreStep()
    (step.measure, step.prefix) = (score.measure, score.prefix)
    (step.heads, step.headWidth) = (score.heads, score.headWidth)
    step.classAttention = try wholeBuffer(node.inputs[0], node: position)
    step.rows = try wholeBuffer(node.inputs[1], node: position)
    step.output = output(node.outputs[0]).buffer
    emit(.normScore(step))
  }

  mutating func lowerHalfMean(_ node: Graph.Node, _ position: Int) throws {
    var step = HalfMeanStep()
    step.input = try place(node.inputs[0], node: position)
    step.output = output(node.outputs[0])
    emit(.halfMean(step))
  }

  mutating func lowerKeepScore(_ node: Graph.Node, _ position: Int) throws {
    var step = KeepScoreStep()
    step.input = try place(node.inputs[0], node: position)
    step.output = output(node.outputs[0]).buffer
    emit(.keepScore(step))
  }

  mutating func lower(
    _ partition: PolicyPartition, _ node: Graph.Node, _ position: Int
  ) throws {
    var step = PolicyPartitionStep()
    (step.threshold, step.first, step.keep) =
      (partition.threshold, partition.first, partition.keep)
    step.importance = try wholeBuffer(node.inputs[0], node: position)
    step.scores = try wholeBuffer(node.inputs[1], node: position)
    step.best = try wholeBuffer(node.inputs[2], node: position)
    step.kept = output(node.outputs[0]).buffer
    step.dropped = output(node.outputs[1]).buffer
    step.destination = output(node.outputs[2]).buffer
    emit(.policyPartition(step))
  }

  mutating func lowerPick(_ node: Graph.Node, _ position: Int) throws {
    var step = PickStep()
    step.input = try wholeBuffer(node.inputs[0], node: position)
    step.kept = try wholeBuffer(node.inputs[1], node: position)
    step.output = output(node.outputs[0]).buffer
    emit(.pick(step))
  }

  mutating func lower(_ restore: Restore, _ node: Graph.Node, _ position: Int) throws {
    var step = RestoreStep()
    (step.axis, step.prefix) = (restore.axis, restore.prefix)
    step.waiting = try wholeBuffer(node.inputs[0], node: position)
    step.moved = try wholeBuffer(node.inputs[1], node: position)
    step.destination = try wholeBuffer(node.inputs[2], node: position)
    step.output = output(node.outputs[0]).buffer
    emit(.restore(step))
  }

  mutating func lower(_ select: Select, _ node: Graph.Node, _ position: Int) throws {
    var step = SelectStep()
    (step.rule, step.threshold, step.steps) = (select.rule, select.threshold, select.steps)
    step.scores = try wholeBuffer(node.inputs[0], node: position)
    // First, for the others to name it.
    step.unused = output(node.outputs[2]).buffer
    step.kept = output(node.outputs[0]).buffer
    step.destination = output(node.outputs[1]).buffer
    emit(.select(step))
  }

  mutating func lower(_ halt: Halt, _ node: Graph.Node, _ position: Int) throws {
    var step = HaltStep()
    step.gate = halt.gate
    step.tokens = try wholeBuffer(node.inputs[0], node: position)
    step.remainders = try wholeBuffer(node.inputs[1], node: position)
    // First, for the others to name it.
    step.unused = output(node.outputs[3]).buffer
    step.kept = output(node.outputs[0]).buffer
    step.destination = output(node.outputs[1]).buffer
    step.newRemainders = output(node.outputs[2]).buffer
    emit(.halt(step))
  }

  mutating func lower(_ sum: Accumulate, _ node: Graph.Node, _ position: Int) throws {
    var step = AccumulateStep()
    (step.gate, step.isLast) = (sum.gate, sum.isLast)
    step.tokens = try wholeBuffer(node.inputs[0], node: position)
    step.remainders = try wholeBuffer(node.inputs[1], node: position)
    if sum.hasSum { step.sum = try wholeBuffer(node.inputs[2], node: position) }
    step.output = output(node.outputs[0]).buffer
    emit(.accumulate(step))
  }
}
