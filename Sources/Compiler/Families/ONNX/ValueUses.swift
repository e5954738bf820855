internal import Checkpoints

/// Which node of a graph is the last to name a value, in its branches too.
struct ValueUses: Sendable {
  /// By node.
  private var last: [[String]]

  init(_ graph: ONNXGraph) throws {
    var place: [String: Int] = [:]
    for (index, node) in graph.nodes.enumerated() {
      for name in try Self.names(of: node) { place[name] = index }
    }
    for output in graph.outputs { place[output.name] = nil }
    last = Array(repeating: [], count: graph.nodes.count)
    for (name, index) in place { last[index].append(name) }
  }

  /// Values that no node behind this one names, and that are no outputs of the graph.
  func lastNamed(by node: Int) -> [String] { last[node] }

  private static func names(of node: ONNXNode) throws -> [String] {
    var names = node.inputs + node.outputs
    guard node.operation == "If" else { return names }
    for attribute in ["then_branch", "else_branch"] {
      guard let branch = try node.branch(attribute) else { continue }
      names += branch.outputs
      for inner in branch.nodes { names += try Self.names(of: inner) }
    }
    return names
  }
}
