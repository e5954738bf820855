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
    try verifyOutputs()
  }

  /// Throws unless there are outputs, each of its own role and of a type that suits it.
  package func verifyOutputs() throws {
    guard !outputs.isEmpty, outputs.allSatisfy({ types.indices.contains($0.value.index) }),
      Set(outputs.map(\.role)).count == outputs.count
    else {
      throw GraphError(
        node: nil, kind: "outputs",
        "values of the graph, at least one, each of another role; found \(outputs.map(\.description))"
      )
    }
    for output in outputs {
      guard case .rows(let count, _, let unused) = type(output.value),
        output.role.isOneRow ? count == 1 && unused == nil : unused?.axis != .columns
      else {
        throw GraphError(
          node: nil, kind: "output \(output.role.word)",
          "expected \(output.role.isOneRow ? "one row" : "rows"), found \(type(output.value))")
      }
    }
  }
}
