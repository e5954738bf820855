internal import Checkpoints
internal import ModelFacts
internal import Tensors

/// Runs an ONNX graph on what its values mean: shapes and constants are computed, data becomes terms.
///
/// The batch is a number, so that whatever a file computes from shapes is a constant. Nodes that differ only
/// in how they are written end up as the same terms.
struct Tracer {
  let graph: ONNXGraph

  /// The version of ONNX's own operators.
  let opset: Int

  /// Terms in the order in which they are needed; equal ones are one.
  private(set) var terms: [Term] = []
  private var numbers: [Term.Kind: Int] = [:]
  private var values: [String: TracedValue] = [:]

  /// The last node that names a value, and the shapes of what was forgotten behind it.
  private let uses: ValueUses
  private var forgotten: [String: [Int]] = [:]

  /// The node of the graph that is at work.
  var node = 0

  /// Where that is an `If`, the node of its branch.
  var inner: ONNXNode?

  /// The node at work.
  var operation: ONNXNode { inner ?? graph.nodes[node] }

  /// The graph's output that a plan computes, traced.
  private(set) var output: TermView?

  /// What it is called.
  private(set) var outputName = ""

  /// The other outputs; nil for what does not depend on the image alone.
  private(set) var others: [(name: String, view: TermView?)] = []

  /// What the image is.
  let input: TracedInput

  /// How many elements were computed so far, and are held.
  let computedElements = ComputedElements()

  /// Larger extents are no model's, but those of nothing, or of one number that is repeated; positions
  /// within this one can be added up.
  private static let largestExtent = 1 << 32

  /// - Parameter imageSize: the image's extents where the file leaves them open.
  init(_ model: ONNXModel, imageSize: (height: Int, width: Int)?) throws {
    graph = model.graph
    opset = model.opsets[""] ?? 1
    try Self.refuseKinds(of: graph)
    input = try TracedInput(graph, imageSize: imageSize)
    uses = try ValueUses(graph)
    try take(graph.initializers)
    let image = try term(
      input.isBytes ? .samples : .image, shape: [1, input.channels, input.height, input.width])
    values[input.name] = .data(try input.view(of: image))
    for index in graph.nodes.indices {
      node = index
      try trace(graph.nodes[index])
      forgetConstants()
    }
    try setOutput()
  }

  /// What outputs are called that a plan computes, in the order in which one of several is taken.
  private static let outputNames = [
    OutputRole.logits.word, "image_embeds", OutputRole.features.word, "pooler_output",
  ]

  private mutating func setOutput() throws {
    let names = graph.outputs.map(\.name)
    outputName = Self.outputNames.first { names.contains($0) } ?? names.first ?? ""
    guard case .data(let view)? = values[outputName] else {
      throw InputError(
        file: graph.file, field: "output \(outputName)",
        expected: "logits or features computed from the image",
        found: values[outputName] == nil ? "none" : "a constant")
    }
    func isOfEachImage(_ view: TermView) -> Bool {
      input.batch == 1 || view.layout.batch.map { $0.dimension == 0 && $0.isAlone } == true
    }
    guard isOfEachImage(view) else {
      throw InputError(
        file: graph.file, field: "output \(outputName)",
        expected: "logits of each image of \(input.batchWords)",
        found: "\(view.shape)")
    }
    output = view.single
    others = names.filter { $0 != outputName }.map { name in
      guard case .data(let view)? = values[name], isOfEachImage(view) else { return (name, nil) }
      return (name, view.single)
    }
  }

  /// The whole of a term with this kind, for every image of the batch.
  mutating func term(_ kind: Term.Kind, shape: [Int]) throws -> TermView {
    guard Shape(checking: shape) != nil else { throw fail("a shape that fits memory", "\(shape)") }
    let (kind, batch) = try single(kind, shape: shape)
    var own = shape
    if let batch { own[batch.dimension] /= batch.count }
    let whole = Layout(contiguous: own)
    guard let layout = batch.map({ whole.repeated($0) }) ?? whole else {
      throw fail("a batch of whole images", "\(shape)")
    }
    if let number = numbers[kind] { return TermView(term: number, layout: layout) }
    terms.append(Term(kind: kind, shape: own, node: node))
    numbers[kind] = terms.count - 1
    return TermView(term: terms.count - 1, layout: layout)
  }

  private mutating func take(_ initializers: [String: TensorView]) throws {
    for (name, tensor) in initializers {
      guard tensor.shape.extents.allSatisfy({ $0 <= Self.largestExtent }), isNew(name)
      else {
        throw InputError(
          file: graph.file, field: "initializer \(name)",
          expected: "extents up to \(Self.largestExtent), and a name of its own",
          found: "\(tensor.shape)\(isNew(name) ? "" : ", and another value of that name")")
      }
      values[name] = .constant(Literal(tensor, name: name))
    }
  }

  /// Lets go of constants that no later node names: what is computed of positions in one block is not needed in the next.
  private mutating func forgetConstants() {
    for name in uses.lastNamed(by: node) {
      guard case .constant(let literal)? = values[name] else { continue }
      values[name] = nil
      forgotten[name] = literal.shape
    }
  }

  /// `If` whose condition is the same for every image: the nodes of its branch.
  mutating func traceBranch(_ node: ONNXNode) throws {
    guard case .constant(let condition) = try required(0), let truth = condition.scalar else {
      throw fail(
        "a float ViT in straight-line code",
        "control flow that depends on the image; export the model in evaluation mode")
    }
    guard let branch = try node.branch(truth != 0 ? "then_branch" : "else_branch") else {
      throw fail("two branches", "none for \(truth != 0)")
    }
    try take(branch.initializers)
    let outer = inner
    for own in branch.nodes {
      try refuse(own)
      inner = own
      try trace(own)
    }
    inner = outer
    for (index, name) in branch.outputs.enumerated() {
      guard let value = values[name] else { throw fail("results of a branch", "no \(name)") }
      try set(value, index)
    }
  }

  // MARK: - Operands

  /// An operand; nil if it is left out.
  func operand(_ index: Int) throws -> TracedValue? {
    let inputs = operation.inputs
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

  /// An operand that depends on the image.
  func data(_ index: Int) throws -> TermView {
    guard case .data(let view) = try required(index) else {
      throw fail("input \(index) to depend on the image", "a constant")
    }
    return view
  }

  /// An operand that does not depend on the image.
  func literal(_ index: Int) throws -> Literal? {
    switch try operand(index) {
    case nil: return nil
    case .constant(let literal): return literal
    case .data: throw fail("input \(index) to be a constant", "a value computed from the image")
    }
  }

  /// Integers of an attribute or, as later opsets have it, of an operand.
  func integers(_ attribute: String, orOperand index: Int) throws -> [Int]? {
    if let values = try operation.integers(attribute) { return values }
    guard let literal = try literal(index) else { return nil }
    guard let values = literal.integers() else {
      throw fail("small \(attribute)", "\(literal.shape)")
    }
    return values
  }

  /// An integer attribute.
  func integer(_ attribute: String, default fallback: Int) throws -> Int {
    try operation.integer(attribute) ?? fallback
  }

  /// A float attribute.
  func float(_ attribute: String, default fallback: Float) throws -> Float {
    try operation.float(attribute) ?? fallback
  }

  /// A dimension counted from the end if it is negative.
  func dimension(_ index: Int, of rank: Int) throws -> Int {
    let result = index < 0 ? index.addingReportingOverflow(rank).partialValue : index
    guard (0..<rank).contains(result) else {
      throw fail("a dimension of \(rank)", "\(index)")
    }
    return result
  }

  /// Whether nothing was called so.
  private func isNew(_ name: String) -> Bool { values[name] == nil && forgotten[name] == nil }

  /// Names the node's result.
  mutating func set(_ value: TracedValue, _ index: Int = 0) throws {
    let outputs = operation.outputs
    guard outputs.indices.contains(index), !outputs[index].isEmpty else { return }
    guard isNew(outputs[index]) else {
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
    fail(at: operation, Message(expected), found)
  }

  /// An error at a node of the graph.
  func fail(at node: Int, _ expected: Message, _ found: String? = nil) -> InputError {
    fail(at: graph.nodes[node], expected, found)
  }

  /// An error that names a node, its operator and its inputs with their shapes.
  private func fail(at description: ONNXNode, _ expected: Message, _ found: String?) -> InputError {
    let inputs = description.inputs.prefix(8).map { name in
      "\(name.isEmpty ? "-" : name) \((values[name]?.shape ?? forgotten[name]).map { "\($0)" } ?? "?")"
    }.joined(separator: ", ")
    return InputError(
      .unsupported, file: graph.file, field: "\(description.place)", expected: expected,
      found: (found.map { "\($0); " } ?? "") + "inputs \(inputs)")
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
