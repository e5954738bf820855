internal import ModelGraph
internal import PlanFormat

// What is done to queries and keys before attention reads them: in place where nothing else reads the rows.
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

  private mutating func inPlace(_ node: Graph.Node, _ position: Int) throws -> Int {
    try output(
      node.outputs[0], overwriting: node.inputs[0], at: position,
      unlessRead: Array(node.inputs.dropFirst())
    ).buffer
  }
}
