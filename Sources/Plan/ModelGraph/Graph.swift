package import ModelFacts
internal import Tensors

/// A model as a list of nodes in execution order.
///
/// Values are numbered in the order in which nodes make them; a node only reads values made before
/// it. Types are inferred, and contradictions thrown, when a node is appended, so that a graph that
/// exists is well-formed. Constants are only ever appended, so their numbers stay valid when a pass
/// rebuilds the nodes.
package struct Graph: Sendable {
  /// One node.
  package struct Node: Sendable {
    /// What it does, with its attributes.
    package var op: Op

    /// The values it reads, in the order ``Op`` documents.
    package var inputs: [ValueID]

    /// The values it makes.
    package var outputs: [ValueID]

    /// The transformer block it belongs to, counted from 0; none before the first and after the
    /// last block.
    package var block: Int?
  }

  /// The most nodes, and the most multiply-adds of one of them: bounds that no model comes near and
  /// that keep every sum over a graph from a hostile plan far from overflow.
  private static let maximumNodes = 16384
  private static let maximumMultiplyAdds = 1 << 48

  /// The most transformer blocks.
  package static let maximumBlocks = 4096

  /// The nodes in execution order.
  package private(set) var nodes: [Node] = []

  /// The type of every value.
  package private(set) var types: [ValueType] = []

  /// The constants that nodes refer to, and those that are only carried along.
  package var constants: [Constant] = []

  /// A value that the model is run for.
  package struct Output: Sendable, Hashable {
    /// What it is.
    package var role: OutputRole

    /// The value, rows of float32.
    package var value: ValueID

    /// The result of a role.
    package init(_ role: OutputRole, _ value: ValueID) {
      self.role = role
      self.value = value
    }

    /// As dumps show it: `logits %12`.
    var description: String { "\(role.word) %\(value.index)" }
  }

  /// What the model is run for; each of another role.
  package var outputs: [Output] = []

  /// An empty graph.
  package init() {}

  /// An empty graph with the constants of another.
  package init(constantsOf graph: Graph) {
    constants = graph.constants
  }

  /// The type of a value.
  package func type(_ value: ValueID) -> ValueType { types[value.index] }

  /// Adds a constant and names it.
  package mutating func add(_ constant: Constant) -> ConstantID {
    constants.append(constant)
    return ConstantID(constants.count - 1)
  }

  /// Gives every constant another name.
  package mutating func renameConstants(_ rename: (String) -> String) {
    for index in constants.indices { constants[index].name = rename(constants[index].name) }
  }

  /// The constant with this number.
  package func constant(_ id: ConstantID) -> Constant { constants[id.index] }

  /// The first constant with this name.
  package func constant(named name: String) -> ConstantID? {
    constants.firstIndex { $0.name == name }.map(ConstantID.init)
  }

  /// Appends a node after inferring its results' types.
  /// - Throws: ``GraphError`` if operands or constants do not fit.
  @discardableResult
  package mutating func append(_ op: Op, _ inputs: [ValueID], block: Int? = nil) throws
    -> [ValueID]
  {
    guard nodes.count < Self.maximumNodes else {
      throw GraphError(node: nodes.count, op: op, "more than \(Self.maximumNodes) nodes")
    }
    if let block, !(0..<Self.maximumBlocks).contains(block) {
      throw GraphError(
        node: nodes.count, op: op, "block \(block), expected 0 to \(Self.maximumBlocks - 1)")
    }
    for input in inputs where !types.indices.contains(input.index) {
      throw GraphError(node: nodes.count, op: op, "value \(input.index) does not exist")
    }
    for id in op.constants where !constants.indices.contains(id.index) {
      throw GraphError(node: nodes.count, op: op, "constant \(id.index) does not exist")
    }
    let constants = constants
    let results: [ValueType]
    do {
      results = try op.attributes.infer(
        OperandCheck(
          operands: inputs.map { types[$0.index] }, firstResult: ValueID(types.count)
        ) { constants[$0.index].shape })
      try results.forEach { try $0.checkExtents() }
    } catch let mismatch as OperandMismatch {
      throw GraphError(node: nodes.count, op: op, mismatch.reason)
    }
    let first = types.count
    types.append(contentsOf: results)
    let outputs = (first..<types.count).map(ValueID.init)
    let node = Node(op: op, inputs: inputs, outputs: outputs, block: block)
    guard multiplyAdds(of: node) <= Self.maximumMultiplyAdds else {
      throw GraphError(
        node: nodes.count, op: op, "more than \(Self.maximumMultiplyAdds) multiply-adds")
    }
    nodes.append(node)
    return outputs
  }

  /// Appends a node with one result.
  package mutating func add(_ op: Op, _ inputs: ValueID..., block: Int? = nil) throws -> ValueID {
    try append(op, inputs, block: block)[0]
  }
}

/// A node that does not fit its operands, or a graph that does not hold.
package struct GraphError: Error, CustomStringConvertible {
  /// Position of the node; nil for what is said of the graph as a whole.
  package let node: Int?

  /// The node's kind, or what of the graph does not hold.
  package let kind: String

  /// What does not fit.
  package let reason: String

  /// What was expected in its place.
  package let expected: String

  init(node: Int, op: Op, _ reason: String) {
    self.init(node: node, kind: op.name, reason)
  }

  init(
    node: Int?, kind: String, _ reason: String, expected: String = "operands that fit"
  ) {
    self.node = node
    self.kind = kind
    self.reason = reason
    self.expected = expected
  }

  /// Where in the graph.
  package var place: String { node.map { "node \($0) (\(kind))" } ?? kind }

  package var description: String { "\(place): \(reason)" }
}
