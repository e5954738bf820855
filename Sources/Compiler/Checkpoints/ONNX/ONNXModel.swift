package import Tensors

/// An ONNX model: its graph, checked to be well formed, with the weights as views.
package struct ONNXModel: Sendable {
  /// The path as the user named it.
  package let file: String

  /// The version of the format.
  package let irVersion: Int

  /// Versions of the operators' domains; ONNX's own domain is "".
  package let opsets: [String: Int]

  /// The exporter's name and version, e.g. `pytorch 2.13.0`; may be empty.
  package let producer: String

  /// Free text of the exporter.
  package let metadata: [String: String]

  /// Operators that the model defines itself, as `domain.name`. Their bodies are not read.
  package let functions: [String]

  /// The graph.
  package let graph: ONNXGraph

  /// The files besides the model that weights lie in.
  package let externalFiles: [MappedFile]

  /// Reads and checks a model.
  /// - Throws: `InputError` naming the byte, tensor, node or attribute that is wrong.
  package init(_ mapped: MappedFile) throws {
    let kept = try mapped.withBytes { try ProtobufScan.shorten($0, file: mapped.path) }
    self = try Self.read(try ParsedModel(kept, file: mapped.path), mapped)
  }
}

/// The nodes, inputs and constants of a model.
///
/// A value is named once: it is an input of the graph, an initializer, or an output of one node, and
/// nodes stand in an order in which every value is there before it is used.
package struct ONNXGraph: Sendable {
  /// The model's path, for errors.
  package let file: String

  /// The nodes in order.
  package let nodes: [ONNXNode]

  /// Stored constants by name.
  package let initializers: [String: TensorView]

  /// What has to be fed in; initializers are not among it.
  package let inputs: [ONNXValue]

  /// The results.
  package let outputs: [ONNXValue]

  private let producers: [String: Int]
  private let users: [String: [Int]]

  /// Checks that every value is defined once, and before it is used.
  init(
    file: String, nodes: [ONNXNode], initializers: [String: TensorView], inputs: [ONNXValue],
    outputs: [ONNXValue]
  ) throws {
    self.file = file
    let nodes = Self.sorted(nodes)
    self.nodes = nodes
    self.initializers = initializers
    // Up to version 3 of the format, initializers had to be listed as inputs too.
    self.inputs = inputs.filter { initializers[$0.name] == nil }
    self.outputs = outputs
    var producers: [String: Int] = [:]
    var users: [String: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for name in node.outputs where !name.isEmpty { producers[name] = producers[name] ?? index }
      for name in Set(node.inputs) where !name.isEmpty { users[name, default: []].append(index) }
    }
    self.producers = producers
    self.users = users
    try checkOrder()
  }

  /// The node that computes a value; nil for inputs and initializers.
  package func producer(of value: String) -> ONNXNode? { producers[value].map { nodes[$0] } }

  /// The nodes that use a value, in order.
  package func consumers(of value: String) -> [ONNXNode] { (users[value] ?? []).map { nodes[$0] } }

  /// Whether a value is a result of the graph.
  package func isOutput(_ value: String) -> Bool { outputs.contains { $0.name == value } }

  /// A value that the graph itself fixes: an initializer or the output of a `Constant` node, also
  /// through `Identity`.
  /// - Throws: `InputError` if a `Constant` node holds something else than numbers.
  package func constant(_ value: String) throws -> TensorView? {
    var value = value
    while true {
      if let view = initializers[value] { return view }
      guard let node = producer(of: value), node.domain.isEmpty else { return nil }
      if node.operation == "Constant" { return try node.constantValue() }
      guard node.operation == "Identity", let source = node.inputs.first else { return nil }
      value = source
    }
  }
}

/// The name, type and shape of an input or output of a graph.
package struct ONNXValue: Sendable {
  /// One extent of a shape.
  package enum Extent: Sendable, Equatable {
    case fixed(Int)
    case named(String)
    case unknown
  }

  /// The name.
  package let name: String

  /// The element type; nil if it is not stated or no type that is read.
  package let dtype: DType?

  /// The extents, outermost first; nil if they are not stated.
  package let extents: [Extent]?
}
