package import ModelGraph

/// `addPositions(flatten(convolution(x)))` becomes `flatten(convolution(x))` with the table added as
/// the convolution writes its rows (positions of the patch embedding).
package struct FuseTableIntoConvolution: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    let producers = graph.producers()
    let uses = graph.uses()
    var rebuilder = GraphRebuilder(graph)
    for node in graph.nodes {
      guard case .addPositions(let add) = node.op,
        case let flatten = graph.nodes[producers[node.inputs[0].index]],
        case .flatten = flatten.op, uses[node.inputs[0].index].isOneNode,
        case let producer = graph.nodes[producers[flatten.inputs[0].index]],
        case .convolution(var convolution) = producer.op, convolution.table == nil,
        uses[flatten.inputs[0].index].isOneNode
      else {
        try rebuilder.copy(node)
        continue
      }
      convolution.table = add.table
      let map = try rebuilder.result.append(
        .convolution(convolution), producer.inputs.map(rebuilder.replacement))
      rebuilder.replace(node.outputs[0], with: try rebuilder.result.add(.flatten, map[0]))
    }
    return try rebuilder.finish()
  }
}
