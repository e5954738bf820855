package import ModelGraph

/// `add(stream, linear(x))` and `add(stream, gridUpsample(x))` become one node that adds the stream as it
/// writes.
package struct FuseResidual: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    try graph.fusing(operand: 1) { consumer, producer in
      guard case .add = consumer.op else { return nil }
      let operands = [producer.inputs[0], consumer.inputs[0]]
      switch producer.op {
      case .linear(var linear) where !linear.hasResidual:
        linear.hasResidual = true
        return (.linear(linear), operands)
      case .gridUpsample(var grid) where !grid.hasResidual:
        grid.hasResidual = true
        return (.gridUpsample(grid), operands)
      default: return nil
      }
    }
  }
}

/// `add(f, depthwise(f))` becomes one node (PEG of the multi-scale stage).
package struct FuseDepthwiseResidual: Pass {
  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    try graph.fusing(operand: 1) { consumer, producer in
      guard case .add = consumer.op, case .depthwise(var depthwise) = producer.op,
        !depthwise.addsOperand, producer.inputs[0] == consumer.inputs[0]
      else { return nil }
      depthwise.addsOperand = true
      return (.depthwise(depthwise), producer.inputs)
    }
  }
}
