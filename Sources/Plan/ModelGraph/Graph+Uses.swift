/// Who reads a value.
package struct Uses: Sendable {
  /// The positions of the nodes that read it, in order; a node that reads it twice is there twice.
  package fileprivate(set) var nodes: [Int] = []

  /// Whether the graph is run for it, so that it must be made whatever nodes do with it.
  package fileprivate(set) var isOutput = false

  /// Whether one node is all that reads it. Only then may a pass leave the value out and give that
  /// node its maker's work.
  package var isOneNode: Bool { nodes.count == 1 && !isOutput }
}

extension Graph {
  /// Who reads each value.
  package func uses() -> [Uses] {
    var uses = [Uses](repeating: Uses(), count: types.count)
    for (position, node) in nodes.enumerated() {
      for input in node.inputs { uses[input.index].nodes.append(position) }
    }
    for output in outputs { uses[output.value.index].isOutput = true }
    return uses
  }

  /// For each value, the position of the node that makes it.
  package func producers() -> [Int] {
    var producers = [Int](repeating: 0, count: types.count)
    for (position, node) in nodes.enumerated() {
      for output in node.outputs { producers[output.index] = position }
    }
    return producers
  }

  /// The constants that nodes refer to, in order of first use, each once.
  package func usedConstants() -> [ConstantID] {
    var seen = Set<ConstantID>()
    return nodes.flatMap(\.op.constants).filter { seen.insert($0).inserted }
  }

  /// Whether attention is told where tokens are, so that they must keep their positions.
  package var attendsByPosition: Bool {
    nodes.contains { node in
      switch node.op {
      case .rotaryEmbedding, .biasedAttention: true
      default: false
      }
    }
  }

  /// The checkpoint's parameters that take part, each counted once.
  package var parameterCount: Int {
    usedConstants().reduce(0) { $0 + constant($1).parameters }
  }
}

/// Rebuilds a graph node by node; what a pass is written with.
///
/// ``copy(_:)`` re-appends a node on the values that replaced its operands, so that types are
/// inferred anew and a mistake surfaces at the node where it is made.
package struct GraphRebuilder {
  /// The graph that is being replaced.
  package let original: Graph

  /// The graph that is being made.
  package var result: Graph

  private var replacements: [ValueID?]

  /// Starts with no nodes and all constants.
  package init(_ original: Graph) {
    self.original = original
    result = Graph(constantsOf: original)
    replacements = .init(repeating: nil, count: original.types.count)
  }

  /// What stands for a value of the original now.
  /// - Throws: ``GraphError`` if a pass left the value out although something reads it.
  package func replacement(_ value: ValueID) throws -> ValueID {
    guard let new = replacements[value.index] else {
      throw GraphError(
        node: result.nodes.count, kind: "value \(value.index)", "left out, but still read")
    }
    return new
  }

  /// Lets `new` stand for `old` in every node copied from here on.
  package mutating func replace(_ old: ValueID, with new: ValueID) {
    replacements[old.index] = new
  }

  /// Re-appends a node, with another op if given; further results of that op have no counterpart.
  @discardableResult
  package mutating func copy(_ node: Graph.Node, as op: Op? = nil) throws -> [ValueID] {
    let outputs = try result.append(
      op ?? node.op, try node.inputs.map(replacement), block: node.block)
    for (old, new) in zip(node.outputs, outputs) { replacements[old.index] = new }
    return outputs
  }

  /// The new graph, with the outputs of the original.
  package mutating func finish() throws -> Graph {
    result.outputs = try original.outputs.map {
      Graph.Output($0.role, try replacement($0.value))
    }
    return result
  }
}
