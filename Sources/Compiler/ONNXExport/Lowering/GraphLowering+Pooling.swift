internal import ModelGraph

// What makes one row of all tokens.
extension GraphLowering {
  mutating func reduceMean(_ mean: ReduceMean, _ node: Graph.Node) -> String {
    let rows = name(node.inputs[0])
    guard mean.isSizeAware else { return reduce("ReduceMean", rows, axis: 1) }
    let sizes = pooledSizes(node, behind: mean.prefix)
    let sum = builder.add("MatMul", [sizes, rows], "sum")
    let total = reduce("ReduceSum", sizes, axis: 2, "total")
    return builder.add("Div", [sum, total])
  }

  /// The sizes of the rows that are pooled, `[n, 1, count]`.
  private mutating func pooledSizes(_ node: Graph.Node, behind prefix: Int) -> String {
    let all = name(node.inputs[1])
    guard prefix > 0 else { return all }
    return slice(all, axis: 2, from: prefix, to: extents(node.inputs[1]).width, "sizes")
  }

  mutating func attentionPool(_ pool: AttentionPool, _ node: Graph.Node) -> String {
    let (heads, width) = (pool.heads, pool.headWidth)
    let parts = split(name(node.inputs[0]), into: ["k", "v"], heads * width)
    let keys = self.heads(parts[0], node.inputs[0], heads, width, [0, 2, 3, 1], "keys")
    let values = self.heads(parts[1], node.inputs[0], heads, width, [0, 2, 1, 3], "values")
    let query = constant(pool.query, extents: [1, heads, 1, width])
    let products = builder.add("MatMul", [query, keys], "products")
    var scores = builder.add("Mul", [products, builder.float(pool.scale)], "scores")
    if pool.isSizeAware {
      let logarithms = builder.add("Log", [pooledSizes(node, behind: pool.prefix)], "sizes.log")
      let aligned = builder.add("Unsqueeze", [logarithms, builder.integers([1])], "sizes.aligned")
      scores = builder.add("Add", [scores, aligned], "scores.sized")
    }
    let shares = builder.add("Softmax", [scores], "softmax", [("axis", .integer(-1))])
    let attended = builder.add("MatMul", [shares, values], "attended")
    let joined = builder.add(
      "Transpose", [attended], "joined", [("perm", .integers([0, 2, 1, 3]))])
    return reshaped(joined, [1, heads * width], "")
  }
}
