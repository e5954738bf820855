internal import KernelInterface

/// A layer that makes queries, keys and values, and the attention of a few queries that alone reads them.
package struct FewQueries {
  package let layer: LinearStep
  package let attention: AttentionStep
}

extension Program {
  /// What begins at a step, if that is faster as attention to rows; its two steps are the next two.
  /// - Parameter lifetimes: the program's.
  package func fewQueries(at index: Int, _ lifetimes: [ClosedRange<Int>?]) -> FewQueries? {
    guard index + 1 < steps.count, case .linear(let layer) = steps[index].step,
      case .attention(let attention) = steps[index + 1].step,
      layer.output.buffer == attention.qkv, layer.output.count == layer.input.count,
      layer.residual == nil, layer.activation == .none,
      attention.classAttention == nil, attention.probabilities == nil,
      lifetimes[attention.qkv] == index...index + 1
    else { return nil }
    // Rows that are not normalised are read by the second step, where others may lie by then.
    let areThere =
      layer.norm != nil || lifetimes[layer.input.buffer].map { $0.contains(index + 1) } ?? false
    let tokens = buffers[attention.qkv].rows
    guard areThere, layer.output.count == tokens,
      RowAttentionArguments.isFaster(tokens: tokens, queries: attention.queries)
    else { return nil }
    return FewQueries(layer: layer, attention: attention)
  }
}
