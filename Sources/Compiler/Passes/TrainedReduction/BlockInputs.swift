internal import ModelGraph

/// Tells a pass where blocks begin, so that it can change the tokens that a block reads.
struct BlockInputs {
  private var last: Int?

  /// The block that begins with `node`, and the tokens of the original graph that it reads; nil within a block and
  /// in front of all. Behind the last block the number is nil.
  mutating func next(_ node: Graph.Node) -> (block: Int?, tokens: ValueID)? {
    guard node.block != last, let tokens = node.inputs.first else { return nil }
    last = node.block
    return (node.block, tokens)
  }
}

extension GraphRebuilder {
  /// Re-appends a slice; one that reached to the last row does so again, however many rows there are now.
  mutating func copy(_ node: Graph.Node, slicing slice: Slice) throws {
    var slice = slice
    if case .rows(let before, _, _) = original.type(node.inputs[0]),
      case .rows(let after, _, _) = result.type(try replacement(node.inputs[0])),
      slice.first > 0, slice.first + slice.count == before
    {
      slice.count += after - before
    }
    try copy(node, as: .slice(slice))
  }
}
