internal import ModelGraph

extension GraphLowering {
  /// Attention of all heads. Results as ``Op/attention(_:)`` has them.
  /// - Parameter bias: what scores have added, `[n or 1, heads, queries, tokens]`.
  mutating func attention(
    _ attention: Attention, _ node: Graph.Node, bias: String? = nil
  ) -> [String] {
    let (heads, width) = (attention.heads, attention.headWidth)
    let tokens = extents(node.inputs[0]).count
    let queries = attention.queries == 0 ? tokens : attention.queries
    let parts = split(name(node.inputs[0]), into: ["q", "k", "v"], heads * width)
    let asking = queries == tokens ? parts[0] : rows(0..<queries, of: parts[0], "q.rows")
    // Fewer products than with the scores.
    let scaled = builder.add("Mul", [asking, builder.float(attention.scale)], "q.scaled")
    let query = self.heads(scaled, count: queries, heads, width, [0, 2, 1, 3], "query")
    let key = self.heads(parts[1], node.inputs[0], heads, width, [0, 2, 3, 1], "key")
    let value = self.heads(parts[2], node.inputs[0], heads, width, [0, 2, 1, 3], "value")
    var scores = builder.add("MatMul", [query, key], "scores")
    if let bias { scores = builder.add("Add", [scores, bias], "scores.biased") }
    if attention.isSizeAware {
      let logarithms = builder.add("Log", [name(node.inputs[1])], "sizes.log")
      let aligned = builder.add("Unsqueeze", [logarithms, builder.integers([1])], "sizes.aligned")
      scores = builder.add("Add", [scores, aligned], "scores.sized")
    }
    let shares = builder.add("Softmax", [scores], "softmax", [("axis", .integer(-1))])
    let attended = builder.add("MatMul", [shares, value], "attended")
    let joined = builder.add(
      "Transpose", [attended], "joined", [("perm", .integers([0, 2, 1, 3]))])
    var results = [reshaped(joined, [queries, heads * width], "")]
    if attention.keepsClassAttention {
      let first = slice(shares, axis: 2, from: 0, to: 1, "class.rows")
      results.append(
        builder.add("Squeeze", [first, builder.integers([2])], "class"))
    }
    if attention.keepsProbabilities {
      results.append(reshaped(shares, [heads * tokens, tokens], "probabilities"))
    }
    return results
  }

  /// The parts of rows side by side, each of `width` columns.
  mutating func split(_ rows: String, into steps: [String], _ width: Int) -> [String] {
    let widths = builder.integers([Int](repeating: width, count: steps.count))
    return builder.add("Split", [rows, widths], results: steps, [("axis", .integer(2))])
  }

  /// Rows, each head after head, as `[n, count, heads, width]` in another order.
  mutating func heads(
    _ rows: String, _ value: ValueID, _ heads: Int, _ width: Int, _ order: [Int], _ step: String
  ) -> String {
    self.heads(rows, count: extents(value).count, heads, width, order, step)
  }

  private mutating func heads(
    _ rows: String, count: Int, _ heads: Int, _ width: Int, _ order: [Int], _ step: String
  ) -> String {
    let apart = reshaped(rows, [count, heads, width], "\(step).heads")
    return builder.add("Transpose", [apart], step, [("perm", .integers(order))])
  }
}
