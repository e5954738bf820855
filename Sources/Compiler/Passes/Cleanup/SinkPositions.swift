package import ModelGraph
internal import Tensors

/// `addPositions(prepend(x))` becomes `prepend(addPositions(x))`: the prefix tokens' positions are added to
/// the constant prefix rows, the patch tokens' positions to the patches. DeiT and DeiT-III then
/// have one form, and the table can be fused into the patch embedding.
package struct SinkPositions: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    let producers = graph.producers()
    let uses = graph.uses()
    var rebuilder = GraphRebuilder(graph)
    for node in graph.nodes {
      guard case .addPositions(let add) = node.op,
        case let producer = graph.nodes[producers[node.inputs[0].index]],
        case .prepend(let prepend) = producer.op,
        uses[node.inputs[0].index].isOneNode
      else {
        try rebuilder.copy(node)
        continue
      }
      let prefix = graph.constant(prepend.rows)
      let table = graph.constant(add.table)
      let (prefixCount, width) = (prefix.shape[0], prefix.shape[1])
      let patchCount = table.shape[0] - prefixCount
      // The table is stored in two parts; its parameters are counted once, with the larger one.
      let patchTable = rebuilder.result.add(
        Constant(
          name: "\(table.name)[\(prefixCount):]", shape: [patchCount, width],
          parameters: table.parameters
        ) { Array(try table.values().dropFirst(prefixCount * width)) })
      let rows = rebuilder.result.add(
        Constant(
          name: "\(prefix.name)+\(table.name)[:\(prefixCount)]", shape: prefix.shape,
          parameters: prefix.parameters
        ) { zip(try prefix.values(), try table.values()).map { $0 + $1 } })
      let patches = try rebuilder.result.add(
        .addPositions(AddPositions(patchTable)), rebuilder.replacement(producer.inputs[0]))
      rebuilder.replace(
        node.outputs[0],
        with: try rebuilder.result.add(.prepend(Prepend(rows)), patches))
    }
    return try rebuilder.finish()
  }
}
