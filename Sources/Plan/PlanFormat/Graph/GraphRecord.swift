package import ModelFacts
package import ModelGraph
package import Records
internal import Tensors

/// A plan's base graph: its constants are the first `constantCount` of the plan's table, its nodes
/// number their results in order.
package struct GraphRecord: Record {
  package var constantCount = 0
  package var nodes: [NodeRecord] = []
  package var outputs: [GraphOutputRecord] = []

  package init() {}

  package init(_ graph: Graph) {
    constantCount = graph.constants.count
    nodes = graph.nodes.map(NodeRecord.init)
    outputs = graph.outputs.map(GraphOutputRecord.init)
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("constant_count", &constantCount)
    try coder.code("nodes", list: &nodes)
    try coder.code("outputs", list: &outputs)
  }

  /// The graph on the given constants.
  /// - Throws: `InputError` at the first node that does not hold.
  func graph(constants: [Constant], file: String) throws -> Graph {
    func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
      InputError(file: file, field: "graph, \(field)", expected: expected, found: found)
    }
    guard (0...constants.count).contains(constantCount) else {
      throw fail("constant_count", "at most \(constants.count)", "\(constantCount)")
    }
    var graph = Graph()
    graph.constants = Array(constants.prefix(constantCount))
    for (index, node) in nodes.enumerated() where !node.op.attributes.isOfBaseGraph {
      throw fail("node \(index)", "one of a model before any rewrite", "\(node.op.name)")
    }
    try InputError.wrappingGraphErrors(of: file) {
      for node in nodes {
        try graph.append(node.op, node.inputs.map(ValueID.init), block: node.block)
      }
    }
    graph.outputs = outputs.map { Graph.Output($0.role, ValueID($0.value)) }
    try InputError.wrappingGraphErrors(of: file) { try graph.verifyOutputs() }
    return graph
  }
}

/// What a graph is run for, as a record.
package struct GraphOutputRecord: Record {
  package var role = OutputRole.logits
  package var value = 0

  package init() {}

  init(_ output: Graph.Output) {
    role = output.role
    value = output.value.index
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("role", choice: &role)
    try coder.code("value", &value)
  }
}
