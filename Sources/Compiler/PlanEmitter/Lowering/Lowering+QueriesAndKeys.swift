internal import ModelGraph
internal import PlanFormat

// What is done to queries and keys before attention reads them, in place where nothing else reads the rows, and what their
// positions add to scores.
extension Lowering {
  mutating func lower(_ norm: HeadNorm, _ node: Graph.Node, _ position: Int) throws {
    var step = HeadNormStep()
    step.qkv = try wholeBuffer(node.inputs[0], node: position)
    (step.heads, step.headWidth) = (norm.heads, norm.headWidth)
    step.queryNorm = try self.norm(norm.queryNorm)
    step.keyNorm = try self.norm(norm.keyNorm)
    step.output = try inPlace(node, position)
    emit(.headNorm(step))
  }

  mutating func lower(_ rotary: RotaryEmbedding, _ node: Graph.Node, _ position: Int) throws {
    var step = RotaryEmbeddingStep()
    step.qkv = try wholeBuffer(node.inputs[0], node: position)
    (step.heads, step.headWidth) = (rotary.heads, rotary.headWidth)
    step.prefix = rotary.prefix
    step.positions = graph.constant(rotary.table).shape[0]
    step.table = try table(rotary.table)
    if rotary.hasPatchIndices {
      step.patchIndices = try wholeBuffer(node.inputs[1], node: position)
    }
    step.output = try inPlace(node, position)
    emit(.rotaryEmbedding(step))
  }

  mutating func lower(_ biased: BiasedAttention, _ node: Graph.Node, _ position: Int) throws {
    var step = BiasedAttentionStep()
    step.attention = try self.step(of: biased.attention, node, position)
    step.table = try table(biased.table)
    (step.gridHeight, step.gridWidth) = (biased.gridHeight, biased.gridWidth)
    step.prefix = biased.prefix
    if biased.hasPatchIndices {
      step.patchIndices = try wholeBuffer(node.inputs[node.inputs.count - 1], node: position)
    }
    emit(.biasedAttention(step))
  }

  private mutating func inPlace(_ node: Graph.Node, _ position: Int) throws -> Int {
    try output(
      node.outputs[0], overwriting: node.inputs[0], at: position,
      unlessRead: Array(node.inputs.dropFirst())
    ).buffer
  }
}
