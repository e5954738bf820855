internal import ModelFacts
internal import ModelGraph

extension GraphLowering {
  /// The rows of the tokens that are left, then their sizes.
  mutating func gather(_ gather: Gather, _ node: Graph.Node) -> [String] {
    var operands = node.inputs.dropFirst(3).map(name)
    let tokens = GatheredTokens(
      gather: gather, rows: name(node.inputs[0]), count: extents(node.inputs[0]).count,
      kept: name(node.inputs[1]), keep: indexCount(node.inputs[1]),
      destination: name(node.inputs[2]),
      weights: gather.hasWeights ? operands.removeFirst() : nil,
      sizes: gather.hasSizes ? operands.removeFirst() : nil)
    let results =
      switch gather.mode {
      case .mean: averaged(tokens)
      case .drop, .sum: picked(tokens)
      }
    return results + operands.map { patchIndices($0, of: tokens) }
  }

  /// The original patch index of each token that is left: that of the token which stands for it, and of a sum none, -1.
  private mutating func patchIndices(_ indices: String, of tokens: GatheredTokens) -> String {
    let isSummed = tokens.gather.mode == .sum
    let kept = builder.add(
      "GatherElements", [indices, tokens.kept], isSummed ? "indices.kept" : "indices",
      [("axis", .integer(1))])
    guard isSummed else { return kept }
    let none = forEachImage(builder.integers([-1], extents: [1, 1]), rank: 2, "indices.none")
    return builder.add("Concat", [kept, none], "indices", [("axis", .integer(1))])
  }

  /// What a gather reads, with what ONNX calls it.
  private struct GatheredTokens {
    let gather: Gather
    let rows: String
    let count: Int
    let kept: String
    let keep: Int
    let destination: String
    let weights: String?
    let sizes: String?

    var prefix: Int { gather.prefix }
    var patches: Int { count - prefix }
  }

  // MARK: - Means

  /// Each row is the mean of those that go to it: a product with a matrix of shares.
  private mutating func averaged(_ tokens: GatheredTokens) -> [String] {
    let patchSizes = tokens.sizes.map { self.patches(of: $0, axis: 2, tokens, "sizes.patches") }
    let isMember = members(tokens)
    let members = builder.add(
      "Cast", [isMember], "members", [("to", .integer(Int(ElementType.float32.rawValue)))])
    var weighed = members
    if let weights = tokens.weights ?? patchSizes {
      weighed = builder.add("Mul", [members, weights], "weighed")
    }
    let total = reduce("ReduceSum", weighed, axis: 2, "total")
    var shares = builder.add("Div", [weighed, total], "shares")
    if tokens.weights != nil {
      // A row that nothing joins stays as it is, though its weight be 0.
      let count = reduce("ReduceSum", members, axis: 2, "count")
      let isAlone = builder.add("Equal", [count, builder.float(1)], "alone")
      shares = builder.add("Where", [isAlone, members, shares], "shares.whole")
    }
    let patches = self.patches(of: tokens.rows, axis: 1, tokens, "patches")
    let means = builder.add("MatMul", [shares, patches], tokens.prefix == 0 ? "" : "means")
    var results = [behindPrefix(means, of: tokens.rows, axis: 1, tokens, "")]
    if let sizes = tokens.sizes, let patchSizes {
      let sized = builder.add("Mul", [members, patchSizes], "sizes.members")
      let sums = reduce("ReduceSum", sized, axis: 2, keeping: false, "sizes.sums")
      let row = builder.add("Unsqueeze", [sums, builder.integers([1])], "sizes.row")
      results.append(behindPrefix(row, of: sizes, axis: 2, tokens, "sizes"))
    }
    return results
  }

  /// Whether each token, a column, goes to each new one, a row: `[n, keep, patches]`.
  private mutating func members(_ tokens: GatheredTokens) -> String {
    let destination = builder.add(
      "Unsqueeze", [tokens.destination, builder.integers([1])], "destination")
    let places = builder.integers(Array(0..<tokens.keep), extents: [tokens.keep, 1])
    return builder.add("Equal", [destination, places], "members.truth")
  }

  private mutating func patches(
    of value: String, axis: Int, _ tokens: GatheredTokens, _ step: String
  ) -> String {
    guard tokens.prefix > 0 else { return value }
    return slice(value, axis: axis, from: tokens.prefix, to: tokens.count, step)
  }

  private mutating func behindPrefix(
    _ patches: String, of value: String, axis: Int, _ tokens: GatheredTokens, _ step: String
  ) -> String {
    guard tokens.prefix > 0 else { return patches }
    let front = slice(
      value, axis: axis, from: 0, to: tokens.prefix, step.isEmpty ? "prefix" : "\(step).prefix")
    return builder.add("Concat", [front, patches], step, [("axis", .integer(axis))])
  }

  // MARK: - Picks and sums

  /// The rows that are kept and, if asked for, one more that is the sum of the others.
  private mutating func picked(_ tokens: GatheredTokens) -> [String] {
    let isSummed = tokens.gather.mode == .sum
    var places = shifted(tokens.kept, by: tokens.prefix, "tokens")
    if tokens.prefix > 0 {
      let front = builder.integers(Array(0..<tokens.prefix), extents: [1, tokens.prefix])
      places = builder.add(
        "Concat", [forEachImage(front, rank: 2, "prefix"), places], "places",
        [("axis", .integer(1))])
    }
    let rows = gathered(tokens.rows, places, isSummed ? "rows" : "")
    let mask = isSummed ? summedMask(tokens) : nil
    var results = [rows]
    if let mask {
      let weights =
        tokens.weights
        ?? tokens.sizes.map {
          self.patches(of: $0, axis: 2, tokens, "weights")
        }
      let weighed = weights.map { builder.add("Mul", [mask, $0], "weighed") } ?? mask
      let patches = self.patches(of: tokens.rows, axis: 1, tokens, "patches")
      let sum = builder.add("MatMul", [weighed, patches], "sum")
      results = [builder.add("Concat", [rows, sum], "", [("axis", .integer(1))])]
    }
    guard let sizes = tokens.sizes else { return results }
    let flat = builder.add("Squeeze", [sizes, builder.integers([1])], "sizes.flat")
    let own = builder.add(
      "GatherElements", [flat, places], "sizes.own", [("axis", .integer(1))])
    var row = builder.add("Unsqueeze", [own, builder.integers([1])], "sizes.row")
    if let mask {
      let sized = builder.add(
        "Mul", [mask, self.patches(of: sizes, axis: 2, tokens, "sizes.patches")], "sizes.summed")
      let sum = reduce("ReduceSum", sized, axis: 2, "sizes.sum")
      row = builder.add("Concat", [row, sum], "sizes", [("axis", .integer(2))])
    }
    return results + [row]
  }

  /// 1 for each patch token that is summed, `[n, 1, patches]`.
  private mutating func summedMask(_ tokens: GatheredTokens) -> String {
    let isSummed = builder.add(
      "Equal", [tokens.destination, builder.integer(tokens.keep)], "summed.truth")
    let mask = builder.add(
      "Cast", [isSummed], "summed", [("to", .integer(Int(ElementType.float32.rawValue)))])
    return builder.add("Unsqueeze", [mask, builder.integers([1])], "summed.row")
  }
}
