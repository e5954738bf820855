internal import ModelFacts
internal import ModelGraph
internal import PlanFormat

// Nodes of SP-ViT: predictors of each head, and tokens that become one package token.
extension Lowering {
  mutating func lower(_ mean: HeadMean, _ node: Graph.Node, _ position: Int) throws {
    var step = HeadMeanStep()
    step.heads = mean.heads
    step.input = try place(node.inputs[0], node: position)
    step.output = output(node.outputs[0])
    emit(.headMean(step))
  }

  mutating func lower(_ linear: HeadLinear, _ node: Graph.Node, _ position: Int) throws {
    var step = HeadLinearStep()
    step.heads = linear.heads
    step.input = try place(node.inputs[0], node: position)
    step.weight = try constantIndex(linear.weight, .panels)
    step.bias = try linear.bias.map(table)
    step.norm = try norm(linear.norm)
    step.activation = linear.activation
    step.output = output(node.outputs[0])
    emit(.headLinear(step))
  }

  mutating func lower(_ mean: HeadHalfMean, _ node: Graph.Node, _ position: Int) throws {
    var step = HeadHalfMeanStep()
    step.heads = mean.heads
    step.input = try place(node.inputs[0], node: position)
    step.output = output(node.outputs[0])
    emit(.headHalfMean(step))
  }

  mutating func lower(_ vote: HeadVote, _ node: Graph.Node, _ position: Int) throws {
    var step = HeadVoteStep()
    step.heads = vote.heads
    step.weights = try place(node.inputs[0], node: position)
    step.logits = try place(node.inputs[1], node: position)
    step.score = output(node.outputs[0]).buffer
    step.keeping = output(node.outputs[1]).buffer
    emit(.headVote(step))
  }

  mutating func lower(
    _ partition: PackagePartition, _ node: Graph.Node, _ position: Int
  ) throws {
    var step = PackagePartitionStep()
    step.packages = partition.packages
    step.scores = try wholeBuffer(node.inputs[0], node: position)
    // First, for the others to name it.
    step.unused = output(node.outputs[2]).buffer
    step.kept = output(node.outputs[0]).buffer
    step.destination = output(node.outputs[1]).buffer
    emit(.packagePartition(step))
  }

  mutating func lower(_ largest: PatchMax, _ node: Graph.Node, _ position: Int) throws {
    var step = PatchMaxStep()
    step.packages = largest.packages
    step.input = try place(node.inputs[0], node: position)
    step.output = output(node.outputs[0])
    emit(.patchMax(step))
  }
}
