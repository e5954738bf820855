internal import ModelGraph
internal import Tensors

/// Makes an ONNX graph of a plan's graph, node by node.
///
/// Every value has the images of a batch in front: an image `[n, channels, height, width]`, a map the same, rows
/// `[n, count, width]`, indices int64 `[n, count]`. Extents but the first are numbers.
struct GraphLowering {
  let graph: Graph
  let options: ExportOptions

  /// The plan, for errors.
  let file: String
  var builder: NodeBuilder

  /// The name of the graph's input.
  static let input = "image"

  /// Who reads each value, and the position of the node that makes it.
  let uses: [Uses]
  let producers: [Int]

  private var parts: PartNames
  private var names: [ValueID: String] = [:]

  /// `[1]`, the number of images, once something has asked for it.
  private var imageCount: String?

  private init(_ graph: Graph, _ options: ExportOptions, file: String) {
    self.graph = graph
    self.options = options
    self.file = file
    builder = NodeBuilder(
      opset: options.opset, reserved: [Self.input] + graph.outputs.map(\.role.word))
    uses = graph.uses()
    producers = graph.producers()
    parts = PartNames(graph)
  }

  /// The nodes, tensors, inputs and results.
  /// - Throws: `InputError` naming what ONNX cannot say.
  static func lower(
    _ graph: Graph, _ options: ExportOptions, file: String
  ) throws -> ExportedGraph {
    var lowering = GraphLowering(graph, options, file: file)
    for node in graph.nodes {
      try lowering.checkTokens(node)
      lowering.builder.part = lowering.parts.next(node)
      let results = try lowering.lower(node)
      for (value, name) in zip(node.outputs, results) { lowering.names[value] = name }
    }
    let outputs = lowering.finish()
    return ExportedGraph(
      nodes: lowering.builder.nodes, initializers: lowering.builder.initializers,
      input: lowering.declared(Self.input, of: lowering.imageType), outputs: outputs)
  }

  private mutating func finish() -> [DeclaredValue] {
    builder.part = ""
    let outputs = graph.outputs.map { output in
      let value = name(output.value)
      let result = output.role.word
      if output.role.isOneRow {
        let axis = builder.integers([1])
        builder.add("Squeeze", [value, axis], reserved: result)
      } else {
        builder.add("Identity", [value], reserved: result)
      }
      return declared(result, of: graph.type(output.value), isOneRow: output.role.isOneRow)
    }
    builder.keepOnly(outputs.map(\.name))
    return outputs
  }

  // MARK: - Values

  /// What a value of the plan's graph is called.
  func name(_ value: ValueID) -> String {
    guard let name = names[value] else { preconditionFailure("made by an earlier node") }
    return name
  }

  /// Rows and columns of rows.
  func extents(_ value: ValueID) -> (count: Int, width: Int) {
    guard case .rows(let count, let width, _) = graph.type(value) else {
      preconditionFailure("rows")
    }
    return (count, width)
  }

  /// The number of indices.
  func indexCount(_ value: ValueID) -> Int { graph.type(value).elementCount }

  private var imageType: ValueType {
    for node in graph.nodes {
      if case .image = node.op { return graph.type(node.outputs[0]) }
    }
    return .image(channels: 3, height: 0, width: 0)
  }

  private func declared(
    _ name: String, of type: ValueType, isOneRow: Bool = false
  ) -> DeclaredValue {
    let own: [Int] =
      switch type {
      case .image(let channels, let height, let width): [channels, height, width]
      case .map(let channels, let height, let width): [channels, height, width]
      case .rows(let count, let width, _): isOneRow ? [width] : [count, width]
      case .indices(let count, _): [count]
      }
    return DeclaredValue(
      name: name, type: .float32, extents: [batchExtent] + own.map { .fixed($0) })
  }

  /// The extent of the images.
  var batchExtent: DeclaredValue.Extent {
    switch options.batch {
    case .fixed(let count): .fixed(count)
    case .dynamic: .named("batch")
    }
  }

  /// A value that is the same for each image, `[1, ...]`, as `[n, ...]`.
  mutating func forEachImage(_ value: String, rank: Int, _ step: String) -> String {
    if options.batch == .fixed(1) { return value }
    let ones = [Int](repeating: 1, count: rank - 1)
    let shape: String
    switch options.batch {
    case .fixed(let count): shape = builder.integers([count] + ones)
    case .dynamic:
      let images = imageCount ?? countImages()
      shape = builder.add(
        "Concat", [images, builder.integers(ones)], "\(step).shape", [("axis", .integer(0))])
    }
    return builder.add("Expand", [value, shape], step)
  }

  private mutating func countImages() -> String {
    let count = builder.add(
      "Shape", [Self.input], "images", [("start", .integer(0)), ("end", .integer(1))])
    imageCount = count
    return count
  }

  // MARK: - Constants

  /// A constant as it is, in another shape if that is given.
  mutating func constant(_ id: ConstantID, extents: [Int]? = nil) -> String {
    let constant = graph.constant(id)
    return builder.weight(
      WeightForm(constant: id, part: .values), named: constant.name, type: constant.floatType,
      extents: extents ?? constant.shape.extents)
  }

  // MARK: - Nodes

  /// The most tokens where tokens are chosen: their numbers are written into the model.
  private static let mostChosen = 1 << 16

  /// Throws where images keep different numbers of tokens, or where tokens are too many to be chosen from.
  private func checkTokens(_ node: Graph.Node) throws {
    guard node.outputs.allSatisfy({ graph.type($0).unused == nil }) else {
      throw InputError(
        .unsupported, file: file, field: "tokens",
        expected: "as many for every image, as an ONNX graph has", found: "counts that differ")
    }
    guard !node.op.attributes.isOfBaseGraph else { return }
    let counts = (node.inputs + node.outputs).map { value in
      switch graph.type(value) {
      case .rows(1, let width, _): width
      case .rows(let count, _, _), .indices(let count, _): count
      case .image, .map: 0
      }
    }
    if let count = counts.first(where: { $0 > Self.mostChosen }) {
      throw InputError(
        .unsupported, file: file, field: "\(node.op.name)",
        expected: "at most \(Self.mostChosen) tokens or widths", found: "\(count)")
    }
  }

  private mutating func lower(_ node: Graph.Node) throws -> [String] {
    switch node.op {
    case .image: return [Self.input]
    case .convolution(let convolution): return [try self.convolution(convolution, node)]
    case .batchNorm(let norm): return [batchNorm(norm, node)]
    case .activation(let activation): return [activate(name(node.inputs[0]), activation.kind)]
    case .flatten: return [flatten(node)]
    case .prepend(let prepend): return [self.prepend(prepend, node)]
    case .concatenate:
      return [builder.add("Concat", node.inputs.map(name), "", [("axis", .integer(1))])]
    case .addPositions(let add): return [addPositions(add, node)]
    case .layerNorm(let norm): return [layerNorm(norm, node)]
    case .rmsNorm(let norm): return [rmsNorm(norm, node)]
    case .linear(let linear): return [try self.linear(linear, node)]
    case .attention(let attention): return self.attention(attention, node)
    case .biasedAttention(let biased):
      guard let grid = biased.grid else { preconditionFailure("inference has found a grid") }
      return biasedAttention(biased, grid, node)
    case .add: return [builder.add("Add", node.inputs.map(name))]
    case .scaleColumns(let scale):
      return [builder.add("Mul", [name(node.inputs[0]), constant(scale.factors)])]
    case .scale(let scale):
      return [builder.add("Mul", [name(node.inputs[0]), builder.float(scale.factor)])]
    case .slice(let slice):
      return [rows(slice.first..<slice.first + slice.count, of: name(node.inputs[0]))]
    case .combine(let combine): return [self.combine(combine, node)]
    case .reduceMax: return [reduce("ReduceMax", name(node.inputs[0]), axis: 1)]
    case .reduceMean(let mean): return [reduceMean(mean, node)]
    case .attentionPool(let pool): return [attentionPool(pool, node)]
    case .headNorm(let norm): return [headNorm(norm, node)]
    case .rotaryEmbedding(let rotary): return [rotaryEmbedding(rotary, node)]
    case .gatedActivation(let gated): return [gatedActivation(gated, node)]
    case .unitSizes(let tokens):
      let ones = builder.floats(
        [Float](repeating: 1, count: tokens.count), extents: [1, 1, tokens.count])
      return [forEachImage(ones, rank: 3, "")]
    case .patchIndices(let tokens):
      let indices = builder.integers(Array(0..<tokens.count), extents: [1, tokens.count])
      return [forEachImage(indices, rank: 2, "")]
    case .score(let score): return [self.score(score, node)]
    case .partition(let partition): return self.partition(partition, node)
    case .assign(let assign): return [try self.assign(assign, node)]
    case .bipartiteAssign(let assign): return bipartiteAssign(assign, node)
    case .gather(let gather): return self.gather(gather, node)
    case .avgPool2x2: return [pooled2x2(name(node.inputs[0]))]
    case .gridAvgPool(let grid): return [try gridAvgPool(grid, node)]
    case .gridUpsample(let grid): return [try gridUpsample(grid, node)]
    case .depthwise(let depthwise): return [try self.depthwise(depthwise, node)]
    case .multiplyAdd:
      let product = builder.add("Mul", [name(node.inputs[1]), name(node.inputs[2])], "product")
      return [builder.add("Add", [name(node.inputs[0]), product])]
    case .nearestAssign(let assign): return nearestAssign(assign, node)
    case .greedyPartition(let partition): return greedyPartition(partition, node)
    case .normScore, .halfMean, .keepScore, .policyPartition, .pick, .restore, .select, .halt,
      .accumulate, .headMean, .headLinear, .headHalfMean, .headVote, .packagePartition, .patchMax:
      throw refusedMethod(node)
    }
  }

  /// An error about the similarity that only ablations ask for.
  func refusedSimilarity() -> InputError {
    InputError(
      .unsupported, file: file, field: "similarity",
      expected: "one that ONNX can say",
      found: "random, whose hash of 64 bits no engine computes; rewrite the plan with another")
  }

  /// An error about a method that models are trained with for fewer tokens.
  private func refusedMethod(_ node: Graph.Node) -> InputError {
    InputError(
      .unsupported, file: file, field: "\(node.op.name)",
      expected: "a model that keeps its tokens, or has fewer as a rewrite makes it",
      found: "one whose own method leaves it fewer, which is not exported yet")
  }

  /// An error about a node that fusion has made, of which no graph that is exported has one.
  func fused(_ node: Graph.Node) -> InputError {
    InputError(
      file: file, field: "graph, \(node.op.name)", expected: "a node that does one thing",
      found: "one that fusion made of several")
  }
}
