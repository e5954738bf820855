extension Graph {
  /// Replays every node through inference and compares the results with what is stored.
  /// - Throws: ``GraphError`` at the first node that does not hold.
  package func verify() throws {
    var replay = Graph(constantsOf: self)
    for (position, node) in nodes.enumerated() {
      let outputs = try replay.append(node.op, node.inputs, block: node.block)
      guard outputs == node.outputs, outputs.allSatisfy({ replay.type($0) == type($0) }) else {
        throw GraphError(
          node: position, op: node.op, "results \(node.outputs) differ from what is inferred")
      }
    }
    guard !outputs.isEmpty, outputs.allSatisfy({ types.indices.contains($0.index) }) else {
      throw GraphError(node: nodes.count, op: .flatten, "the graph's outputs do not exist")
    }
  }
}
