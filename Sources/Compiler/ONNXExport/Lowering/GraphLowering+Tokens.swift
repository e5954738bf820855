internal import ModelFacts
internal import ModelGraph

// The choice of tokens. Of equal values ONNX's TopK and ArgMax take the one of the lower index, as kernels do.
extension GraphLowering {
  /// The mean of the softmax rows, at the patch tokens.
  mutating func score(_ score: Score, _ node: Graph.Node) -> String {
    let rows = name(node.inputs[0])
    let patches = slice(
      rows, axis: 2, from: score.prefix, to: extents(node.inputs[0]).width, "patches")
    return reduce("ReduceMean", patches, axis: 1)
  }

  // MARK: - Partitions

  mutating func partition(_ partition: Partition, _ node: Graph.Node) -> [String] {
    switch partition.order {
    case .importance: partitionByImportance(partition, node)
    case .edges: partitionByEdges(partition, node)
    }
  }

  private mutating func partitionByImportance(
    _ partition: Partition, _ node: Graph.Node
  ) -> [String] {
    let (count, keep) = (partition.patches, partition.keep)
    let order = descending(name(node.inputs[0]), count)
    let kept = ascending(slice(order, axis: 1, from: 0, to: keep, "best"), keep, "kept")
    let rest = slice(order, axis: 1, from: keep, to: count, "rest")
    let dropped = ascending(rest, count - keep, "dropped")
    let nowhere = builder.integers(
      [Int](repeating: partition.appendsRow ? keep : -1, count: count), extents: [1, count])
    let empty = forEachImage(nowhere, rank: 2, "nowhere")
    return [kept, dropped, scattered(places(keep), to: kept, in: empty, "destination")]
  }

  private mutating func partitionByEdges(_ partition: Partition, _ node: Graph.Node) -> [String] {
    let (count, first) = (partition.patches, partition.first)
    let sources = indexCount(node.inputs[1])
    let gone = count - partition.keep
    let (left, others) = (sources - gone, count - sources)
    let order = descending(name(node.inputs[0]), sources)
    let edges = ascending(slice(order, axis: 1, from: 0, to: gone, "best"), gone, "edges")
    let dropped = positions(of: edges, first: first, "dropped")
    let second = builder.integers(
      (0..<others).map { 1 - first + 2 * $0 }, extents: [1, others])
    var kept = forEachImage(second, rank: 2, "second")
    if left > 0 {
      let rest = slice(order, axis: 1, from: gone, to: sources, "rest")
      let stay = positions(of: ascending(rest, left, "stay"), first: first, "first")
      kept = builder.add("Concat", [stay, kept], "kept", [("axis", .integer(1))])
    }
    let blank = builder.integers([Int](repeating: 0, count: count), extents: [1, count])
    let own = scattered(
      places(partition.keep), to: kept, in: forEachImage(blank, rank: 2, "blank"), "places")
    let ends = builder.add(
      "GatherElements", [name(node.inputs[1]), edges], "ends", [("axis", .integer(1))])
    // Set B lies behind what is left of set A.
    let targets = builder.add("Add", [ends, builder.integer(left)], "targets")
    return [kept, dropped, scattered(targets, to: dropped, in: own, "destination")]
  }

  /// Positions among the patch tokens of places in set A.
  private mutating func positions(of places: String, first: Int, _ step: String) -> String {
    let doubled = builder.add("Mul", [places, builder.integer(2)], "\(step).doubled")
    return builder.add("Add", [doubled, builder.integer(first)], step)
  }

  /// The indices of `[n, 1, count]` values, the largest first.
  private mutating func descending(_ values: String, _ count: Int) -> String {
    let flat = builder.add("Squeeze", [values, builder.integers([1])], "values")
    return builder.add(
      "TopK", [flat, builder.integers([count])], results: ["sorted", "order"],
      [("axis", .integer(1)), ("largest", .integer(1)), ("sorted", .integer(1))])[1]
  }

  /// Indices in ascending order.
  mutating func ascending(_ indices: String, _ count: Int, _ step: String) -> String {
    builder.add(
      "TopK", [indices, builder.integers([count])], results: [step, "\(step).order"],
      [("axis", .integer(1)), ("largest", .integer(0)), ("sorted", .integer(1))])[0]
  }

  /// `0 ..< count` for each image.
  private mutating func places(_ count: Int) -> String {
    forEachImage(builder.integers(Array(0..<count), extents: [1, count]), rank: 2, "range")
  }

  private mutating func scattered(
    _ values: String, to indices: String, in table: String, _ step: String
  ) -> String {
    builder.add("ScatterElements", [table, indices, values], step, [("axis", .integer(1))])
  }

  // MARK: - Assignments

  /// The most similar kept token of each dropped one.
  mutating func assign(_ assign: Assign, _ node: Graph.Node) throws -> String {
    let (kept, dropped) = (name(node.inputs[1]), name(node.inputs[2]))
    let best: String
    switch assign.similarity {
    case .cosine:
      let (own, others) = compared(assign, node)
      let products = builder.add("MatMul", [own, columns(others)], "products")
      // The length of a dropped token is the same for all that it is compared with.
      let factors = builder.add(
        "Transpose", [inverseLengths(of: others, "kept")], "kept.factors",
        [("perm", .integers([0, 2, 1]))])
      best = argMax(builder.add("Mul", [products, factors], "cosines"), axis: 2, "nearest")
    case .l1, .l2:
      let (own, others) = compared(assign, node)
      let first = builder.add("Unsqueeze", [own, builder.integers([2])], "own.aligned")
      let second = builder.add("Unsqueeze", [others, builder.integers([1])], "kept.aligned")
      let difference = builder.add("Sub", [first, second], "differences")
      let part =
        assign.similarity == .l1
        ? builder.add("Abs", [difference], "parts")
        : builder.add("Mul", [difference, difference], "parts")
      let distance = reduce("ReduceSum", part, axis: 3, keeping: false, "distances")
      best = argMax(builder.add("Neg", [distance], "similarities"), axis: 2, "nearest")
    case .attention:
      let (rowCount, tokens) = extents(node.inputs[4])
      let apart = reshaped(name(node.inputs[4]), [rowCount / tokens, tokens, tokens], "heads")
      let mean = reduce("ReduceMean", apart, axis: 1, keeping: false, "mean")
      let own = gathered(mean, shifted(dropped, by: assign.prefix, "own"), "rows")
      let turned = gathered(columns(own), shifted(kept, by: assign.prefix, "others"), "columns")
      best = argMax(turned, axis: 1, "nearest")
    case .random: throw refusedSimilarity()
    }
    return scattered(best, to: dropped, in: name(node.inputs[3]), "")
  }

  /// The rows of dropped and of kept tokens.
  private mutating func compared(_ assign: Assign, _ node: Graph.Node) -> (String, String) {
    let tokens = name(node.inputs[0])
    let own = shifted(name(node.inputs[2]), by: assign.prefix, "own")
    let others = shifted(name(node.inputs[1]), by: assign.prefix, "others")
    return (gathered(tokens, own, "own.rows"), gathered(tokens, others, "others.rows"))
  }

  mutating func bipartiteAssign(_ assign: BipartiteAssign, _ node: Graph.Node) -> [String] {
    let tokens = extents(node.inputs[0]).count
    let width = assign.heads * assign.headWidth
    let all = slice(name(node.inputs[0]), axis: 2, from: width, to: 2 * width, "keys")
    let apart = reshaped(all, [tokens, assign.heads, assign.headWidth], "heads")
    let keys = reduce("ReduceMean", apart, axis: 2, keeping: false, "metric")
    let sets = [assign.first, 1 - assign.first].enumerated().map { index, first in
      let set = slice(
        keys, axis: 1, from: assign.prefix + first, to: tokens, by: 2, "set\(index + 1)")
      return builder.add(
        "Mul", [set, inverseLengths(of: set, "set\(index + 1)")], "set\(index + 1).unit")
    }
    let cosines = builder.add("MatMul", [sets[0], columns(sets[1])], "cosines")
    let scores = reduce("ReduceMax", cosines, axis: 2, keeping: false, "best")
    return [
      argMax(cosines, axis: 2, "edges"),
      builder.add("Unsqueeze", [scores, builder.integers([1])], "scores"),
    ]
  }

  // MARK: - Rows

  /// One over the length of each row, 0 for a row of zeros: `[n, count, 1]`.
  mutating func inverseLengths(of rows: String, _ step: String) -> String {
    let length = reduce("ReduceL2", rows, axis: 2, "\(step).length")
    let isPositive = builder.add("Greater", [length, builder.float(0)], "\(step).nonzero")
    let inverse = builder.add("Reciprocal", [length], "\(step).inverse")
    return builder.add("Where", [isPositive, inverse, builder.float(0)], "\(step).factor")
  }

  /// Rows as columns.
  mutating func columns(_ rows: String) -> String {
    builder.add("Transpose", [rows], "columns", [("perm", .integers([0, 2, 1]))])
  }

  /// The index of the largest value along an axis.
  mutating func argMax(_ values: String, axis: Int, _ step: String) -> String {
    builder.add(
      "ArgMax", [values], step,
      [("axis", .integer(axis)), ("keepdims", .integer(0)), ("select_last_index", .integer(0))])
  }

  /// Indices of patch tokens as those of tokens.
  mutating func shifted(_ indices: String, by prefix: Int, _ step: String) -> String {
    prefix == 0 ? indices : builder.add("Add", [indices, builder.integer(prefix)], step)
  }

  /// The rows at indices, of each image its own.
  mutating func gathered(_ rows: String, _ indices: String, _ step: String) -> String {
    let aligned = builder.add(
      "Unsqueeze", [indices, builder.integers([2])], step.isEmpty ? "places" : "\(step).places")
    return builder.add("GatherND", [rows, aligned], step, [("batch_dims", .integer(1))])
  }
}
