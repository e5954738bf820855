package import ModelGraph

extension Graph {
  /// Whether all attention is what eq. 6 rewrites: of a linear layer of a norm, and behind another linear layer
  /// added to the tokens.
  package var attendsBetweenNormAndSum: Bool {
    let (producers, uses) = (producers(), uses())
    func maker(_ node: Node) -> Node { nodes[producers[node.inputs[0].index]] }
    func reader(_ node: Node) -> Node? {
      let uses = uses[node.outputs[0].index]
      return uses.isOneNode ? nodes[uses.nodes[0]] : nil
    }
    return nodes.allSatisfy { node in
      guard node.op.attention != nil else { return true }
      // The low scale has no table of its own.
      if case .biasedAttention = node.op { return false }
      let product = maker(node)
      guard case .linear = product.op, case .layerNorm = maker(product).op,
        let projection = reader(node), case .linear = projection.op,
        let sum = reader(projection), case .add = sum.op
      else { return false }
      return true
    }
  }
}
