internal import ModelFacts

/// Multiply-adds as every ViT paper counts them: convolutions, linear layers, `q k^T`, `a v`, the
/// similarity product of a merge and the multi-scale convolutions. Norms, activations and softmax
/// are not counted.
extension Graph {
  /// Multiply-adds of one node for one picture; `Int.max` if there are more.
  package func multiplyAdds(of node: Node) -> Int {
    let inputs = node.inputs.map { type($0) }
    let output = node.outputs.first.map { type($0) }
    switch node.op {
    case .convolution(let convolution):
      let weight = constant(convolution.weight).shape
      return product(output?.elementCount ?? 0, weight[1], weight[2], weight[3])
    case .linear(let linear):
      return product(output?.elementCount ?? 0, constant(linear.weight).shape[1])
    case .attention(let attention):
      guard case .rows(let tokens, _)? = inputs.first else { return 0 }
      let queries = attention.queries == 0 ? tokens : attention.queries
      return product(2, queries, tokens, attention.heads, attention.headWidth)
    case .reduce(let reduce):
      guard reduce.strategy == .merge, reduce.similarity.isProduct,
        case .rows(_, let width)? = inputs.first
      else { return 0 }
      return product(inputs[1].elementCount, inputs[2].elementCount, width)
    case .match(let match):
      guard case .rows(let tokens, _)? = inputs.first else { return 0 }
      let patches = tokens - match.prefix
      return product(patches / 2, patches - patches / 2, match.headWidth)
    case .depthwise(let depthwise):
      return product(output?.elementCount ?? 0, depthwise.kernel, depthwise.kernel)
    default: return 0
    }
  }

  private func product(_ factors: Int...) -> Int {
    factors.reduce(1) { total, factor in
      let (value, overflow) = total.multipliedReportingOverflow(by: factor)
      return overflow ? Int.max : value
    }
  }

  /// Multiply-adds of the whole graph for one picture, as papers count them: without LV-ViT's
  /// auxiliary head, whose scores of all patch tokens only enter by their maximum.
  package var multiplyAdds: Int {
    let maximised = Set(
      nodes.flatMap { node in
        if case .columnMax = node.op { return node.inputs }
        return []
      })
    return nodes.reduce(0) { total, node in
      maximised.isDisjoint(with: node.outputs) ? total + multiplyAdds(of: node) : total
    }
  }

  /// Multiply-adds of every node for one picture.
  package var executedMultiplyAdds: Int { nodes.reduce(0) { $0 + multiplyAdds(of: $1) } }
}

extension Similarity {
  /// Whether it multiplies tokens by tokens.
  fileprivate var isProduct: Bool {
    switch self {
    case .cosine, .l1, .l2: true
    case .attention, .random: false
    }
  }
}

/// What one transformer block does to the tokens.
package struct BlockSummary: Sendable, Equatable {
  /// The block, counted from 0.
  package var block: Int

  /// Tokens, prefix included, that enter it.
  package var tokensIn: Int

  /// Tokens, prefix included, that leave it.
  package var tokensOut: Int

  /// Multiply-adds for one picture.
  package var multiplyAdds: Int
}

extension Graph {
  /// Every block's tokens and work, in order.
  ///
  /// With a multi-scale stage, tokens are the high scale's and the work is both scales'.
  package func blockSummaries() -> [BlockSummary] {
    var summaries: [BlockSummary] = []
    for node in nodes {
      guard let block = node.block else { continue }
      if summaries.last?.block != block {
        let entering = node.inputs.first.map { rowCount(of: $0) } ?? 0
        summaries.append(
          BlockSummary(block: block, tokensIn: entering, tokensOut: entering, multiplyAdds: 0))
      }
      let last = summaries.count - 1
      summaries[last].multiplyAdds += multiplyAdds(of: node)
      switch node.op {
      case .reduce, .match: summaries[last].tokensOut = rowCount(of: node.outputs[0])
      default: break
      }
    }
    return summaries
  }

  private func rowCount(of value: ValueID) -> Int {
    if case .rows(let count, _) = type(value) { return count }
    return 0
  }
}
