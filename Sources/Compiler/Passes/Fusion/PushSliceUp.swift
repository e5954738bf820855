package import ModelGraph

/// Takes rows before the work instead of after it, as far up as rows are independent of each
/// other: a head that reads the class token alone then needs only that token's share of the last
/// block, and only its query of the last attention. Results are the same numbers.
package struct PushSliceUp: Pass {
  /// The most moves, each of which rebuilds the graph: models need some twenty, and a hostile plan of
  /// thousands of nodes before a slice would ask for minutes.
  private static let maximumMoves = 256

  package init() {}

  package func run(_ graph: Graph) throws -> Graph {
    var graph = try joinSlices(graph)
    for _ in 0..<Self.maximumMoves {
      guard let pushed = try pushOnce(graph) else { break }
      graph = try joinSlices(pushed)
    }
    return graph
  }

  /// Several slices of a value that nothing else reads become slices of their hull, so that the
  /// hull can move up: equal slices become one.
  private func joinSlices(_ graph: Graph) throws -> Graph {
    let uses = graph.uses()
    var rebuilder = GraphRebuilder(graph)
    var hulls: [ValueID: (value: ValueID, first: Int, count: Int)] = [:]
    for node in graph.nodes {
      guard case .slice(let slice) = node.op,
        case let operand = node.inputs[0], case let readers = uses[operand.index],
        readers.nodes.count > 1, !readers.isOutput,
        let range = hull(of: readers.nodes.map { graph.nodes[$0] })
      else {
        try rebuilder.copy(node)
        continue
      }
      if hulls[operand] == nil {
        guard case .rows(let rows, _, _) = graph.type(operand), range.count < rows else {
          try rebuilder.copy(node)
          continue
        }
        let value = try rebuilder.result.add(
          .slice(Slice(first: range.lowerBound, count: range.count)),
          try rebuilder.replacement(operand), block: node.block)
        hulls[operand] = (value, range.lowerBound, range.count)
      }
      guard let hull = hulls[operand] else { continue }
      if slice.count == hull.count {
        rebuilder.replace(node.outputs[0], with: hull.value)
      } else {
        let inner = Slice(first: slice.first - hull.first, count: slice.count)
        rebuilder.replace(
          node.outputs[0],
          with: try rebuilder.result.add(.slice(inner), hull.value, block: node.block))
      }
    }
    return try rebuilder.finish()
  }

  /// The rows that slices read together; nil if a reader is no slice.
  private func hull(of readers: [Graph.Node]) -> Range<Int>? {
    var range: Range<Int>?
    for reader in readers {
      guard case .slice(let slice) = reader.op else { return nil }
      let own = slice.first..<slice.first + slice.count
      range =
        range.map {
          min($0.lowerBound, own.lowerBound)..<max($0.upperBound, own.upperBound)
        } ?? own
    }
    return range
  }

  /// The graph after pushing the first slice that can move, or nil when none can.
  private func pushOnce(_ graph: Graph) throws -> Graph? {
    let producers = graph.producers()
    let uses = graph.uses()
    guard
      let position = graph.nodes.firstIndex(where: { node in
        guard case .slice(let slice) = node.op else { return false }
        let producer = graph.nodes[producers[node.inputs[0].index]]
        return uses[node.inputs[0].index].isOneNode && canMove(slice, above: producer, in: graph)
      }), case .slice(let slice) = graph.nodes[position].op
    else { return nil }
    let consumer = graph.nodes[position]
    let producer = graph.nodes[producers[consumer.inputs[0].index]]
    var rebuilder = GraphRebuilder(graph)
    for (index, node) in graph.nodes.enumerated() {
      // The producer's result is read by the slice alone, so it need not be made at all.
      if node.outputs == producer.outputs { continue }
      guard index == position else {
        try rebuilder.copy(node)
        continue
      }
      let moved = try move(slice, above: producer, with: &rebuilder)
      rebuilder.replace(consumer.outputs[0], with: moved)
    }
    return try rebuilder.finish()
  }

  private func canMove(_ slice: Slice, above producer: Graph.Node, in graph: Graph) -> Bool {
    switch producer.op {
    case .layerNorm, .rmsNorm, .linear, .add, .scale, .scaleColumns, .activation, .gatedActivation:
      true
    default:
      producer.op.attention.map {
        slice.first == 0 && $0.queries == 0 && producer.outputs.count == 1
      } ?? false
    }
  }

  private func move(
    _ slice: Slice, above producer: Graph.Node, with rebuilder: inout GraphRebuilder
  ) throws -> ValueID {
    let operands = try producer.inputs.map(rebuilder.replacement)
    if var attention = producer.op.attention {
      attention.queries = slice.count
      return try rebuilder.result.append(
        producer.op.withAttention(attention), operands, block: producer.block)[0]
    }
    var sliced: [ValueID] = []
    for operand in operands {
      sliced.append(try rebuilder.result.add(.slice(slice), operand, block: producer.block))
    }
    return try rebuilder.result.append(producer.op, sliced, block: producer.block)[0]
  }
}
