/// A node of an ONNX graph that is being made.
struct OperatorNode {
  /// The operator of ONNX's own domain, e.g. `MatMul`.
  var operation: String

  /// The values that it reads.
  var inputs: [String]

  /// The values that it makes; the first is the node's name too.
  var outputs: [String]

  /// Its attributes, in order.
  var attributes: [(name: String, value: OperatorAttribute)]

  /// Every name that it reads, those of a body's surroundings too.
  var reads: [String] {
    inputs
      + attributes.flatMap { attribute -> [String] in
        guard case .graph(let body) = attribute.value else { return [] }
        return body.reads
      }
  }
}

/// The value of an attribute.
enum OperatorAttribute {
  case integer(Int)
  case integers([Int])
  case float(Float)
  case text(String)

  /// The body of a loop.
  case graph(OperatorBody)
}

/// A graph within a node, which may read all values that are there before the node.
struct OperatorBody {
  var name: String
  var nodes: [OperatorNode]
  var inputs: [DeclaredValue]
  var outputs: [DeclaredValue]

  /// The names that it reads and does not make.
  fileprivate var reads: [String] {
    let own = Set(nodes.flatMap(\.outputs) + inputs.map(\.name))
    return (nodes.flatMap(\.reads) + outputs.map(\.name)).filter { !own.contains($0) }
  }
}
