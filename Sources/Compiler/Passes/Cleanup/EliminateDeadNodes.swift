package import ModelGraph

/// Removes nodes none of whose results is read.
package struct EliminateDeadNodes: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    var isLive = [Bool](repeating: false, count: graph.types.count)
    for output in graph.outputs { isLive[output.value.index] = true }
    for node in graph.nodes.reversed() where node.outputs.contains(where: { isLive[$0.index] }) {
      for input in node.inputs { isLive[input.index] = true }
    }
    var rebuilder = GraphRebuilder(graph)
    for node in graph.nodes where node.outputs.contains(where: { isLive[$0.index] }) {
      try rebuilder.copy(node)
    }
    return try rebuilder.finish()
  }
}
