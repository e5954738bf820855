/// Multiply-adds as every ViT paper counts them: convolutions, linear layers, `q k^T`, `a v`, the
/// similarity products of a merge and the multi-scale convolutions. Norms, activations and softmax
/// are not counted. What a kind of node takes is with its attributes.
extension Graph {
  /// Multiply-adds of one node for one image; `Int.max` if there are more.
  package func multiplyAdds(of node: Node) -> Int {
    node.op.attributes.multiplyAdds(node.inputs.map { type($0) }, node.outputs.map { type($0) })
  }

  /// Multiply-adds of the whole graph for one image, as papers count them: without LV-ViT's
  /// auxiliary head, whose scores of all patch tokens only enter by their maximum.
  package var multiplyAdds: Int {
    let maximised = Set(
      nodes.flatMap { node in
        if case .reduceMax = node.op { return node.inputs }
        return []
      })
    return nodes.reduce(0) { total, node in
      maximised.isDisjoint(with: node.outputs) ? total + multiplyAdds(of: node) : total
    }
  }

  /// Multiply-adds of every node for one image.
  package var executedMultiplyAdds: Int { nodes.reduce(0) { $0 + multiplyAdds(of: $1) } }
}

/// What one transformer block does to the tokens.
package struct BlockSummary: Sendable, Equatable {
  /// The block, counted from 0.
  package var block: Int

  /// Tokens, prefix included, that enter it.
  package var tokensIn: Int

  /// Tokens, prefix included, that leave it.
  package var tokensOut: Int

  /// Multiply-adds for one image.
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
        let entering = tokensEntering(block)
        summaries.append(
          BlockSummary(block: block, tokensIn: entering, tokensOut: entering, multiplyAdds: 0))
      }
      let last = summaries.count - 1
      summaries[last].multiplyAdds += multiplyAdds(of: node)
      if case .gather = node.op { summaries[last].tokensOut = rowCount(of: node.outputs[0]) }
    }
    return summaries
  }

  /// The most rows that are read up to a block's attention: what methods carry from block to block has fewer.
  private func tokensEntering(_ block: Int) -> Int {
    let own = nodes.filter { $0.block == block }
    let attention = own.firstIndex { $0.op.attention != nil } ?? own.count - 1
    return own[...attention].flatMap(\.inputs).map { rowCount(of: $0) }.max() ?? 0
  }

  private func rowCount(of value: ValueID) -> Int {
    if case .rows(let count, _, _) = type(value) { return count }
    return 0
  }
}
