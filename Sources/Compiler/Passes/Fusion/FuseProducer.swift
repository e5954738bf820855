internal import ModelGraph

extension Graph {
  /// Rebuilds the graph, replacing each node that `fuse` recognises together with the node that
  /// makes its operand number `operand`, if nothing else reads that operand.
  ///
  /// `fuse` gets the consumer and the producer and returns the fused op and its operands, as values
  /// of the original graph; the producer is gone from the result.
  func fusing(
    operand: Int = 0, _ fuse: (Node, Node) -> (op: Op, operands: [ValueID])?
  ) throws -> Graph {
    let producers = producers()
    let uses = uses()
    var rebuilder = GraphRebuilder(self)
    // A fused node takes the producer's place in later matches, so that chains fuse in one pass.
    var current = nodes
    for (position, node) in nodes.enumerated() {
      if operand < node.inputs.count {
        let value = node.inputs[operand]
        let producer = current[producers[value.index]]
        if uses[value.index].isOneNode, producer.outputs.count == 1,
          let fused = fuse(node, producer)
        {
          let outputs = try rebuilder.result.append(
            fused.op, fused.operands.map(rebuilder.replacement), block: node.block)
          rebuilder.replace(node.outputs[0], with: outputs[0])
          current[position].op = fused.op
          current[position].inputs = fused.operands
          continue
        }
      }
      try rebuilder.copy(node)
    }
    // A producer that is left over would count as a use of its operands and keep those from fusing.
    return try EliminateDeadNodes().run(try rebuilder.finish())
  }
}
