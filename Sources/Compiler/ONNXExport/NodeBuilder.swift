internal import Tensors

/// Makes the nodes of an ONNX graph, each behind those that it reads.
///
/// Values have names that say where they are from: the part of the model, such as `block3.attn.qkv`, and behind
/// another dot what a step in between makes. No name is given twice.
struct NodeBuilder {
  /// The version of ONNX's operators.
  let opset: Int

  /// The nodes so far.
  private(set) var nodes: [OperatorNode] = []

  /// The tensors of the file, in the order in which they were asked for.
  private(set) var initializers: [Initializer] = []

  /// The part of the model that is being made.
  var part = ""

  /// The names that are given, and how often each was asked for.
  private var taken: [String: Int] = [:]
  private var constants: [ConstantKey: String] = [:]
  private var weights: [WeightKey: String] = [:]

  private struct ConstantKey: Hashable {
    var type: ElementType
    var extents: [Int]
    var bytes: [UInt8]
  }

  /// A weight that is asked for with other extents is another tensor.
  private struct WeightKey: Hashable {
    var form: WeightForm
    var extents: [Int]
  }

  /// Starts a graph whose inputs and results have the names `reserved`.
  init(opset: Int, reserved: [String]) {
    self.opset = opset
    for name in reserved { taken[name] = 1 }
  }

  // MARK: - Nodes

  /// Appends a node with one result, and names that.
  mutating func add(
    _ operation: String, _ inputs: [String], _ step: String = "",
    _ attributes: [(String, OperatorAttribute)] = []
  ) -> String {
    add(operation, inputs, results: [step], attributes)[0]
  }

  /// Appends a node with a result for each step.
  mutating func add(
    _ operation: String, _ inputs: [String], results steps: [String],
    _ attributes: [(String, OperatorAttribute)] = []
  ) -> [String] {
    let outputs = steps.map { name($0) }
    append(operation, inputs, outputs, attributes)
    return outputs
  }

  /// Appends a node whose result has a reserved name.
  mutating func add(_ operation: String, _ inputs: [String], reserved output: String) {
    append(operation, inputs, [output], [])
  }

  private mutating func append(
    _ operation: String, _ inputs: [String], _ outputs: [String],
    _ attributes: [(String, OperatorAttribute)]
  ) {
    nodes.append(
      OperatorNode(
        operation: operation, inputs: inputs, outputs: outputs,
        attributes: attributes.map { (name: $0.0, value: $0.1) }))
  }

  /// Begins the body of a loop: nodes that are appended from here on are its own.
  /// - Returns: the nodes outside, for ``finishBody(inputs:_:outside:)``.
  mutating func startBody() -> [OperatorNode] {
    defer { nodes = [] }
    return nodes
  }

  /// The body of a loop, of the nodes since ``startBody()``.
  mutating func finishBody(
    inputs: [DeclaredValue], _ outputs: [DeclaredValue], outside: [OperatorNode]
  ) -> OperatorBody {
    defer { nodes = outside }
    return OperatorBody(name: name("body"), nodes: nodes, inputs: inputs, outputs: outputs)
  }

  /// A name for a step of the part at work that no other value has.
  mutating func name(_ step: String) -> String {
    unique([part, step].filter { !$0.isEmpty }.joined(separator: "."))
  }

  private mutating func unique(_ wanted: String) -> String {
    let base = VisibleText.escaped(wanted)
    var name = base
    while taken[name] != nil {
      taken[base, default: 0] += 1
      name = "\(base)_\(taken[base, default: 0])"
    }
    taken[name] = 1
    return name
  }

  /// Leaves out nodes and tensors that none of `results` depends on.
  mutating func keepOnly(_ results: [String]) {
    var live = Set(results)
    var kept: [OperatorNode] = []
    for node in nodes.reversed() where node.outputs.contains(where: live.contains) {
      live.formUnion(node.reads)
      kept.append(node)
    }
    nodes = kept.reversed()
    initializers = initializers.filter { live.contains($0.name) }
  }

  // MARK: - Constants

  /// A tensor of integers.
  mutating func integers(_ values: [Int], extents: [Int]? = nil) -> String {
    constant(
      .int64, extents ?? [values.count],
      values.map { Int64($0).littleEndian }.withUnsafeBytes { Array($0) })
  }

  /// One integer without a dimension.
  mutating func integer(_ value: Int) -> String { integers([value], extents: []) }

  /// A tensor of floats.
  mutating func floats(_ values: [Float], extents: [Int]) -> String {
    constant(
      .float32, extents,
      values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { Array($0) })
  }

  /// One number without a dimension.
  mutating func float(_ value: Float) -> String { floats([value], extents: []) }

  /// Truth values.
  mutating func booleans(_ values: [Bool], extents: [Int]) -> String {
    constant(.bool, extents, values.map { $0 ? 1 : 0 })
  }

  private mutating func constant(_ type: ElementType, _ extents: [Int], _ bytes: [UInt8]) -> String
  {
    let key = ConstantKey(type: type, extents: extents, bytes: bytes)
    if let name = constants[key] { return name }
    let name = unique("constant")
    constants[key] = name
    initializers.append(
      Initializer(name: name, type: type, extents: extents, content: .bytes(bytes)))
    return name
  }

  /// A form of a constant of the graph; float16 is widened where it is read, as arithmetic is float32.
  /// - Parameter name: what to call it if it is not there yet.
  mutating func weight(
    _ form: WeightForm, named name: String, type: ElementType, extents: [Int]
  ) -> String {
    let key = WeightKey(form: form, extents: extents)
    if let known = weights[key] { return known }
    let stored = unique(name)
    initializers.append(
      Initializer(name: stored, type: type, extents: extents, content: .weight(form)))
    var value = stored
    if type == .float16 {
      value = unique("\(name).float32")
      append("Cast", [stored], [value], [("to", .integer(Int(ElementType.float32.rawValue)))])
    }
    weights[key] = value
    return value
  }
}
