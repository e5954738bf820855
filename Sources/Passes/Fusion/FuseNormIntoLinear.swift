package import ModelGraph

/// `linear(layerNorm(x))` becomes one node: rows are normalised as the product reads them.
package struct FuseNormIntoLinear: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    try graph.fusing { consumer, producer in
      guard case .linear(var linear) = consumer.op, linear.norm == nil,
        case .layerNorm(let norm) = producer.op
      else { return nil }
      linear.norm = norm
      return (.linear(linear), producer.inputs + consumer.inputs.dropFirst())
    }
  }
}
