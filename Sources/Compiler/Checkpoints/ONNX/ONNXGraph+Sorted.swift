extension ONNXGraph {
  /// The nodes with each behind those that it reads, otherwise in the file's order: some converters
  /// append the nodes that they insert. A graph with a cycle stays as it is, to be refused.
  static func sorted(_ nodes: [ONNXNode]) -> [ONNXNode] {
    var makers: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for name in node.outputs where !name.isEmpty { makers[name] = makers[name] ?? index }
    }
    var isStarted = [Bool](repeating: false, count: nodes.count)
    var isDone = isStarted
    var result: [ONNXNode] = []
    result.reserveCapacity(nodes.count)
    for first in nodes.indices where !isStarted[first] {
      isStarted[first] = true
      // A stack of our own: a file can chain more nodes than calls can nest.
      var open = [(node: first, input: 0)]
      while let (node, input) = open.last {
        guard input < nodes[node].inputs.count else {
          result.append(nodes[node])
          isDone[node] = true
          open.removeLast()
          continue
        }
        open[open.count - 1].input += 1
        guard let maker = makers[nodes[node].inputs[input]], !isDone[maker] else { continue }
        guard !isStarted[maker] else { return nodes }
        isStarted[maker] = true
        open.append((maker, 0))
      }
    }
    return result
  }
}
