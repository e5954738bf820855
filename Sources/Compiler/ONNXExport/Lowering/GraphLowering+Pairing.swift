internal import ModelGraph

// The strategy `weighted`: see `GreedyPartitionArguments`.
//
// Its tokens leave one after the other, cheapest first. Whether one does depends on those before it alone, and of
// these on those that are its nearest or whose nearest it is: it leaves unless one of them does. So all answers
// are the one fixed point of a step that takes all tokens at once, and that step is repeated until nothing changes:
// a loop whose rounds are as many as the longest chain of such tokens, about ten, not one for each token.
extension GraphLowering {
  mutating func nearestAssign(_ assign: NearestAssign, _ node: Graph.Node) -> [String] {
    let table = cosines(node, prefix: assign.prefix)
    let best = reduce("ReduceMax", table, axis: 2, keeping: false, "best")
    return [
      argMax(table, axis: 2, "nearest"),
      builder.add("Unsqueeze", [best, builder.integers([1])], "similarity"),
    ]
  }

  /// The cosine of each patch token with each other, and ``never`` with itself: `[n, patches, patches]`.
  private mutating func cosines(_ node: Graph.Node, prefix: Int) -> String {
    let count = extents(node.inputs[0]).count
    let patches = rows(prefix..<count, of: name(node.inputs[0]), "patches")
    let factors = inverseLengths(of: patches, "patches")
    let products = builder.add("MatMul", [patches, columns(patches)], "products")
    let pairs = builder.add("Mul", [factors, columns(factors)], "factors")
    let table = builder.add("Mul", [products, pairs], "cosines")
    let own = pairsOfNumbers("Equal", count - prefix, "own")
    return builder.add("Where", [own, builder.float(Self.never), table], "cosines.others")
  }

  /// Less than any cosine.
  static let never: Float = -4

  /// What an operator says of the number of a row and that of a column, both below `count`: `[count, count]`.
  mutating func pairsOfNumbers(_ operation: String, _ count: Int, _ step: String) -> String {
    let rows = builder.integers(Array(0..<count), extents: [count, 1])
    return builder.add(operation, [rows, numbers(count)], step)
  }

  mutating func greedyPartition(_ partition: GreedyPartition, _ node: Graph.Node) -> [String] {
    let (tokens, prefix) = (extents(node.inputs[0]).count, partition.prefix)
    let count = tokens - prefix
    let flat = builder.add("Squeeze", [name(node.inputs[1]), builder.integers([1])], "importance")
    let scaled = builder.add("Mul", [flat, builder.float(Float(count))], "importance.scaled")
    let pairing = PairingLoop(
      count: count, leaving: count - partition.keep, table: cosines(node, prefix: prefix),
      roots: builder.add("Sqrt", [scaled], "importance.root"))
    let (left, target) = paired(pairing)

    let numbers = numbers(count)
    let stays = cast(builder.add("Not", [left], "stays"), .int64, "stays.number")
    let through = builder.add("CumSum", [stays, builder.integer(1)], "through")
    let places = builder.add("Sub", [through, builder.integer(1)], "places")
    let ends = builder.add("Where", [left, target, numbers], "ends")
    let destination = builder.add(
      "GatherElements", [places, ends], "destination", [("axis", .integer(1))])
    let gone = cast(left, .int64, "left.number")
    let kept = first(partition.keep, of: count, without: gone, "kept")
    let dropped = first(count - partition.keep, of: count, without: stays, "dropped")

    let sizes = builder.add("Squeeze", [name(node.inputs[4]), builder.integers([1])], "sizes")
    let own = slice(sizes, axis: 1, from: prefix, to: tokens, "sizes.patches")
    let product = builder.add("Mul", [own, scaled], "weights.square")
    // Two tokens of no importance at all still have a mean.
    let positive = builder.add(
      "Max", [product, builder.float(.leastNormalMagnitude)], "weights.positive")
    let weights = builder.add("Sqrt", [positive], "weights.flat")
    return [
      kept, dropped, destination,
      builder.add("Unsqueeze", [weights, builder.integers([1])], "weights"),
    ]
  }

  /// The first numbers below `count` for which a mask of 0 and 1 is 0.
  private mutating func first(
    _ wanted: Int, of count: Int, without mask: String, _ step: String
  ) -> String {
    let late = builder.add("Mul", [mask, builder.integer(count)], "\(step).late")
    let keys = builder.add("Add", [late, numbers(count)], "\(step).keys")
    return ascending(keys, wanted, step)
  }

  /// `0 ..< count`, `[1, count]`.
  mutating func numbers(_ count: Int) -> String {
    builder.integers(Array(0..<count), extents: [1, count])
  }

  /// A value in another type.
  mutating func cast(_ value: String, _ type: ElementType, _ step: String) -> String {
    builder.add("Cast", [value], step, [("to", .integer(Int(type.rawValue)))])
  }
}
