internal import ModelGraph

// What stands in front of the patch tokens, and positions.
extension GraphLowering {
  mutating func addPositions(_ add: AddPositions, _ node: Graph.Node) -> String {
    let patches = name(node.inputs[0])
    // They are added behind the prefix rows instead.
    if isSunk(node) { return patches }
    return builder.add("Add", [patches, constant(add.table)])
  }

  /// Constant rows in front. Where a pass has taken the prefix tokens' positions out of the table, the table is put
  /// together again, so that the graph is a model's own.
  mutating func prepend(_ prepend: Prepend, _ node: Graph.Node) -> String {
    let shape = graph.constant(prepend.rows).shape
    let front = forEachImage(
      constant(prepend.rows, extents: [1] + shape.extents), rank: 3, "rows")
    let producer = graph.nodes[producers[node.inputs[0].index]]
    let isSunk = isSunk(producer)
    let joined = builder.add(
      "Concat", [front, name(node.inputs[0])], isSunk ? "tokens" : "", [("axis", .integer(1))])
    guard isSunk, case .addPositions(let add) = producer.op else { return joined }
    let table = graph.constant(add.table)
    let whole = builder.weight(
      WeightForm(constant: add.table, part: .behindZeros(rows: shape[0])), named: table.name,
      type: table.floatType, extents: [1, shape[0] + table.shape[0], table.shape[1]])
    return builder.add("Add", [joined, whole])
  }

  /// Whether positions were the model's for its prefix rows too, before a pass added these to the rows: their
  /// parameters are counted still.
  private func isSunk(_ node: Graph.Node) -> Bool {
    guard case .addPositions(let add) = node.op else { return false }
    let uses = uses[node.outputs[0].index]
    guard uses.isOneNode, case .prepend(let prepend) = graph.nodes[uses.nodes[0]].op else {
      return false
    }
    let table = graph.constant(add.table)
    return table.parameters
      == table.shape.elementCount + graph.constant(prepend.rows).shape.elementCount
  }
}
