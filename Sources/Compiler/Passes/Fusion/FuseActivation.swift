package import ModelGraph

/// `activation(linear(x))` and `activation(convolution(x))` become one node.
package struct FuseActivation: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    try graph.fusing { consumer, producer in
      guard case .activation(let activation) = consumer.op else { return nil }
      switch producer.op {
      case .linear(var linear) where linear.activation == .none && !linear.hasResidual:
        linear.activation = activation.kind
        return (.linear(linear), producer.inputs)
      case .convolution(var convolution)
      where convolution.activation == .none && convolution.table == nil:
        convolution.activation = activation.kind
        return (.convolution(convolution), producer.inputs)
      default: return nil
      }
    }
  }
}
