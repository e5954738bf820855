package import ModelGraph

/// `linear(layerNorm(x))` and `gridAvgPool(layerNorm(x))` become one node: rows are normalised as the
/// product or the mean reads them.
package struct FuseNormIntoLinear: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    try graph.fusing { consumer, producer in
      guard case .layerNorm(let norm) = producer.op else { return nil }
      switch consumer.op {
      case .linear(var linear) where linear.norm == nil:
        linear.norm = norm
        return (.linear(linear), producer.inputs + consumer.inputs.dropFirst())
      case .gridAvgPool(var grid) where grid.norm == nil:
        grid.norm = norm
        return (.gridAvgPool(grid), producer.inputs)
      default: return nil
      }
    }
  }
}
