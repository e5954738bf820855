internal import Checkpoints
internal import Tensors

/// Runs an ONNX graph on what its values mean: shapes and constants are computed, data becomes terms.
///
/// The batch is 1, so that whatever a file computes from shapes is a constant. Nodes that differ only
/// in how they are written end up as the same terms.
struct Tracer {
  let graph: ONNXGraph

  /// The version of ONNX's own operators.
  let opset: Int

  /// Terms in the order in which they are needed; equal ones are one.
  private(set) var terms: [Term] = []
  private var numbers: [Term.Kind: Int] = [:]
  private var values: [String: TracedValue] = [:]

  /// The node at work.
  var node = 0

  /// The graph's first output, traced.
  private(set) var output: TermView?

  /// The picture's extents.
  private(set) var picture: [Int] = []

  /// Larger extents are no model's, but those of nothing, or of one number that is repeated; positions
  /// within this one can be added up.
  private static let largestExtent = 1 << 32

  init(_ model: ONNXModel, imageSize: Int?) throws {
    graph = model.graph
    opset = model.opsets[""] ?? 1
    try refuseKinds()
    for (name, tensor) in graph.initializers {
      guard tensor.shape.extents.allSatisfy({ $0 <= Self.largestExtent }) else {
        throw InputError(
          file: graph.file, field: "initializer \(name)",
          expected: "extents up to \(Self.largestExtent)", found: "\(tensor.shape)")
      }
      values[name] = .constant(Literal(tensor, name: name))
    }
    try addPicture(imageSize: imageSize)
    for index in graph.nodes.indices {
      node = index
      try trace(graph.nodes[index])
    }
    try setOutput()
  }

  private mutating func addPicture(imageSize: Int?) throws {
    guard graph.inputs.count == 1, let input = graph.inputs.first, let stated = input.extents,
      stated.count == 4
    else {
      throw InputError(
        file: graph.file, field: "graph inputs", expected: "one picture [batch, 3, height, width]",
        found: graph.inputs.map { "\($0.name) of \($0.extents?.count ?? 0) axes" }
          .joined(separator: ", "))
    }
    let size = imageSize ?? 224
    let extents = zip(stated, [1, 3, size, size]).map { extent, open -> Int in
      if case .fixed(let known) = extent { return known }
      return open
    }
    guard extents[0] == 1 else {
      throw InputError(
        file: graph.file, field: "input \(input.name)",
        expected: "a batch of 1 or one that is left open", found: "a batch of \(extents[0])")
    }
    guard extents[1] == 3, extents[2...].allSatisfy({ (1...8192).contains($0) }) else {
      throw InputError(
        file: graph.file, field: "input \(input.name)",
        expected: "[1, 3, height, width] with sides up to 8192", found: "\(extents)")
    }
    picture = extents
    values[input.name] = .data(try term(.picture, shape: extents))
  }

  private mutating func setOutput() throws {
    let names = graph.outputs.map(\.name)
    let name = names.first { $0 == "logits" } ?? names.first ?? ""
    guard case .data(let view)? = values[name] else {
      throw InputError(
        file: graph.file, field: "output \(name)", expected: "logits computed from the picture",
        found: values[name] == nil ? "none" : "a constant")
    }
    output = view
  }

  /// The whole of a term with this kind.
  mutating func term(_ kind: Term.Kind, shape: [Int]) throws -> TermView {
    guard Shape(checking: shape) != nil else { throw fail("a shape that fits memory", "\(shape)") }
    let view = { TermView(term: $0, layout: Layout(contiguous: shape)) }
    if let number = numbers[kind] { return view(number) }
    terms.append(Term(kind: kind, shape: shape, node: node))
    numbers[kind] = terms.count - 1
    return view(terms.count - 1)
  }

  // MARK: - Operands

  /// An operand; nil if it is left out.
  func operand(_ index: Int) throws -> TracedValue? {
    let inputs = graph.nodes[node].inputs
    guard inputs.indices.contains(index), !inputs[index].isEmpty else { return nil }
    guard let value = values[inputs[index]] else {
      throw fail("input \(inputs[index]) to be made by an earlier node", "none")
    }
    return value
  }

  /// An operand that has to be there.
  func required(_ index: Int) throws -> TracedValue {
    guard let value = try operand(index) else { throw fail("an input \(index)", "none") }
    return value
  }

  /// An operand that depends on the picture.
  func data(_ index: Int) throws -> TermView {
    guard case .data(let view) = try required(index) else {
      throw fail("input \(index) to depend on the picture", "a constant")
    }
    return view
  }

  /// An operand that does not depend on the picture.
  func literal(_ index: Int) throws -> Literal? {
    switch try operand(index) {
    case nil: return nil
    case .constant(let literal): return literal
    case .data: throw fail("input \(index) to be a constant", "a value computed from the picture")
    }
  }

  /// Integers of an attribute or, as later opsets have it, of an operand.
  func integers(_ attribute: String, orOperand index: Int) throws -> [Int]? {
    if let values = try graph.nodes[node].integers(attribute) { return values }
    guard let literal = try literal(index) else { return nil }
    guard let values = literal.integers() else {
      throw fail("small \(attribute)", "\(literal.shape)")
    }
    return values
  }

  /// An integer attribute.
  func integer(_ attribute: String, default fallback: Int) throws -> Int {
    try graph.nodes[node].integer(attribute) ?? fallback
  }

  /// A float attribute.
  func float(_ attribute: String, default fallback: Float) throws -> Float {
    try graph.nodes[node].float(attribute) ?? fallback
  }

  /// A dimension counted from the end if it is negative.
  func dimension(_ index: Int, of rank: Int) throws -> Int {
    let result = index < 0 ? index.addingReportingOverflow(rank).partialValue : index
    guard (0..<max(rank, 1)).contains(result) else {
      throw fail("a dimension of \(rank)", "\(index)")
    }
    return result
  }

  /// Names the node's result.
  mutating func set(_ value: TracedValue, _ index: Int = 0) throws {
    let outputs = graph.nodes[node].outputs
    guard outputs.indices.contains(index), !outputs[index].isEmpty else { return }
    guard values[outputs[index]] == nil else {
      throw fail("results with names of their own", "a second \(outputs[index])")
    }
    guard value.shape.allSatisfy({ $0 <= Self.largestExtent }) else {
      throw fail("extents up to \(Self.largestExtent)", "\(value.shape)")
    }
    values[outputs[index]] = value
  }

  // MARK: - Errors

  /// An error at the node at work.
  func fail(_ expected: String, _ found: String) -> InputError {
    fail(at: node, expected, found)
  }

  /// An error that names a node, its operator and its inputs with their shapes.
  func fail(at node: Int, _ expected: String, _ found: String? = nil) -> InputError {
    let description = graph.nodes[node]
    let inputs = description.inputs.prefix(8).map { name in
      "\(name.isEmpty ? "-" : name) \(values[name].map { "\($0.shape)" } ?? "?")"
    }.joined(separator: ", ")
    return InputError(
      file: graph.file, field: description.place, expected: expected,
      found: (found.map { "\($0); " } ?? "") + "inputs \(inputs)")
  }

  /// Refuses graphs that cannot be raised whatever their shape, in words.
  private func refuseKinds() throws {
    for node in graph.nodes {
      let reason: String? =
        switch node.operation {
        case "QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "MatMulInteger",
          "DynamicQuantizeLinear", "ConvInteger", "QGemm", "MatMulNBits":
          "a quantised model; convert the float model that it was made from"
        case "If", "Loop", "Scan": "control flow; export the model in evaluation mode"
        default: nil
        }
      guard let reason else { continue }
      throw InputError(
        file: graph.file, field: node.place,
        expected: "a float ViT in straight-line code",
        found: reason)
    }
  }
}

extension ONNXNode {
  /// How errors call it: its number, its name and its operator.
  var place: String { "node \(index) \(name.isEmpty ? "" : "\(name) ")(\(qualifiedOperation))" }

  /// The operator, with its domain unless that is ONNX's own.
  var qualifiedOperation: String {
    domain.isEmpty || domain == "ai.onnx" ? operation : "\(domain).\(operation)"
  }
}
