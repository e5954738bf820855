package import ModelGraph

/// `scaleColumns(linear(x))` becomes one linear layer whose rows of weights and bias are scaled
/// (DeiT-III's LayerScale).
package struct FoldLayerScale: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    try foldIntoLinear(graph) { node, graph in
      guard case .scaleColumns(let scale) = node.op else { return nil }
      let factors = graph.constant(scale.factors)
      return RowFactors(name: factors.name, parameters: factors.parameters) {
        try factors.values()
      }
    }
  }
}

/// `scale(linear(x))` becomes one linear layer (LV-ViT's division by `skip_lam`).
package struct FoldResidualScale: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    try foldIntoLinear(graph) { node, graph in
      guard case .scale(let scale) = node.op else { return nil }
      guard case .rows(_, let width, _) = graph.type(node.outputs[0]) else { return nil }
      return RowFactors(name: "\(scale.factor)", parameters: 0) {
        [Float](repeating: scale.factor, count: width)
      }
    }
  }
}

/// One factor for each output of a linear layer.
private struct RowFactors: Sendable {
  var name: String
  var parameters: Int
  var values: @Sendable () throws -> [Float]
}

/// Folds every node that `factors` recognises into the linear layer in front of it.
private func foldIntoLinear(
  _ graph: Graph, factors recognise: (Graph.Node, Graph) -> RowFactors?
) throws -> Graph {
  let producers = graph.producers()
  let uses = graph.uses()
  var rebuilder = GraphRebuilder(graph)
  for node in graph.nodes {
    guard let factors = recognise(node, graph),
      case let producer = graph.nodes[producers[node.inputs[0].index]],
      case .linear(var linear) = producer.op, linear.activation == .none, !linear.hasResidual,
      uses[node.inputs[0].index].isOneNode
    else {
      try rebuilder.copy(node)
      continue
    }
    let weight = graph.constant(linear.weight)
    linear.weight = rebuilder.result.add(
      weight.scalingRows(
        by: factors.values, named: "\(weight.name)*\(factors.name)", parameters: factors.parameters)
    )
    if let bias = linear.bias.map({ graph.constant($0) }) {
      linear.bias = rebuilder.result.add(
        bias.scalingRows(by: factors.values, named: "\(bias.name)*\(factors.name)", parameters: 0))
    }
    let folded = try rebuilder.result.append(
      .linear(linear), producer.inputs.map(rebuilder.replacement), block: node.block)
    rebuilder.replace(node.outputs[0], with: folded[0])
  }
  return try rebuilder.finish()
}
