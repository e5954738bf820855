internal import ModelFacts
internal import ModelGraph
internal import Tensors

/// Runs the first blocks on two scales and joins them before the first selection (method 3.4).
///
/// The low scale is the image at half its size through the same patch embedding and blocks; the
/// high scale attends on its 2 x 2 mean (eq. 6). Both share the model's weights.
struct InsertMultiScale: Pass {
  let blocks: Int
  let prefix: Int
  let gridHeight: Int
  let gridWidth: Int
  let addsLowClassToken: Bool

  func run(_ graph: Graph) throws -> Graph {
    var rebuilder = GraphRebuilder(graph)
    var low = LowScale(graph: graph)
    var isJoined = false
    for node in graph.nodes {
      let isShared = (node.block ?? -1) < blocks && !isJoined
      if !isJoined, (node.block ?? -1) >= blocks {
        try join(before: node, low: low, &rebuilder)
        isJoined = true
      }
      guard isShared else {
        try rebuilder.copy(node)
        continue
      }
      if node.block == nil {
        try rebuilder.copy(node)
      } else {
        try copyHighScale(node, &rebuilder)
      }
      try low.append(node, embedding: self, to: &rebuilder)
    }
    return try rebuilder.finish()
  }

  /// Eq. 6: `x += UP(attn(DOWN(norm1(x))))`, then the ordinary FFN.
  private func copyHighScale(_ node: Graph.Node, _ rebuilder: inout GraphRebuilder) throws {
    switch node.op {
    case .layerNorm where feedsAttention(node, rebuilder.original):
      let normed = try rebuilder.copy(node)[0]
      let grid = GridAvgPool(prefix: prefix, height: gridHeight, width: gridWidth)
      rebuilder.replace(
        node.outputs[0],
        with: try rebuilder.result.add(.gridAvgPool(grid), normed, block: node.block))
    case .add where comesFromAttention(node.inputs[1], rebuilder.original):
      let grid = GridUpsample(prefix: prefix, height: gridHeight / 2, width: gridWidth / 2)
      let branch = try rebuilder.result.add(
        .gridUpsample(grid), rebuilder.replacement(node.inputs[1]), block: node.block)
      rebuilder.replace(
        node.outputs[0],
        with: try rebuilder.result.add(
          .add, rebuilder.replacement(node.inputs[0]), branch, block: node.block))
    default: try rebuilder.copy(node)
    }
  }

  private func feedsAttention(_ node: Graph.Node, _ graph: Graph) -> Bool {
    let readers = graph.nodes.filter { $0.inputs.contains(node.outputs[0]) }
    return readers.contains { reader in
      graph.nodes.contains { other in
        if case .attention = other.op { return other.inputs.contains(reader.outputs[0]) }
        return false
      }
    }
  }

  private func comesFromAttention(_ value: ValueID, _ graph: Graph) -> Bool {
    guard let producer = graph.nodes.first(where: { $0.outputs.contains(value) }),
      let input = producer.inputs.first
    else { return false }
    return graph.nodes.contains { node in
      if case .attention = node.op { return node.outputs.contains(input) }
      return false
    }
  }

  /// Eq. 5 and the position generator: both scales become the tokens that `node` reads.
  private func join(before node: Graph.Node, low: LowScale, _ rebuilder: inout GraphRebuilder)
    throws
  {
    guard let stream = node.inputs.first else {
      throw InputError(
        option: .multiScale, field: "block \(node.block ?? 0)",
        expected: "a block that begins by reading tokens", found: "a node without inputs")
    }
    let high = try rebuilder.replacement(stream)
    let lowTokens = try low.replacement(stream)
    let block = node.block
    func slice(_ value: ValueID, _ first: Int, _ count: Int) throws -> ValueID {
      try rebuilder.result.add(.slice(Slice(first: first, count: count)), value, block: block)
    }
    let lowGrid = GridUpsample(prefix: 0, height: gridHeight / 2, width: gridWidth / 2)
    let highPatches = try slice(high, prefix, gridHeight * gridWidth)
    let lowPatches = try slice(lowTokens, 1, lowGrid.height * lowGrid.width)
    let raised = try rebuilder.result.add(.gridUpsample(lowGrid), lowPatches, block: block)
    var attention = try depthwise("lka.conv0", 5, 1, raised, block, &rebuilder.result)
    attention = try depthwise("lka.conv_spatial", 7, 3, attention, block, &rebuilder.result)
    attention = try pointwise("lka.conv1", attention, block, &rebuilder.result)
    let fused = try rebuilder.result.add(
      .multiplyAdd, highPatches, raised, attention, block: block)
    let positions = try depthwise("peg", 3, 1, fused, block, &rebuilder.result)
    let patches = try rebuilder.result.add(.add, fused, positions, block: block)
    var parts = [try slice(high, 0, 1)]
    if addsLowClassToken {
      parts[0] = try rebuilder.result.add(
        .add, parts[0], try slice(lowTokens, 0, 1), block: block)
    }
    if prefix == 2 { parts.append(try slice(high, 1, 1)) }
    let joined = try rebuilder.result.append(.concatenate, parts + [patches], block: block)
    rebuilder.replace(stream, with: joined[0])
  }

  // MARK: - Constants

  /// The weight of this name; `holds` says what its shape must be beyond what inference asks for.
  private func constant(
    _ name: String, _ graph: Graph, _ expected: String = "", holds: (Shape) -> Bool = { _ in true }
  ) throws -> ConstantID {
    let name = MultiScaleWeights.prefix + name
    guard let id = graph.constant(named: name) else {
      throw InputError(
        option: .multiScale, field: "\(name)", expected: "a weight of the multi-scale stage",
        found: "none")
    }
    let shape = graph.constant(id).shape
    guard holds(shape) else {
      throw InputError(
        option: .multiScale, field: "\(name)", expected: "\(expected)", found: "\(shape)")
    }
    return id
  }

  private func depthwise(
    _ name: String, _ kernel: Int, _ dilation: Int, _ value: ValueID, _ block: Int?,
    _ graph: inout Graph
  ) throws -> ValueID {
    var depthwise = Depthwise()
    depthwise.weight = try constant("\(name).weight", graph)
    depthwise.bias = try constant("\(name).bias", graph)
    (depthwise.kernel, depthwise.dilation) = (kernel, dilation)
    depthwise.padding = dilation * (kernel - 1) / 2
    (depthwise.height, depthwise.width) = (gridHeight, gridWidth)
    return try graph.add(.depthwise(depthwise), value, block: block)
  }

  /// A 1 x 1 convolution over rows of pixels is a linear layer.
  private func pointwise(
    _ name: String, _ value: ValueID, _ block: Int?, _ graph: inout Graph
  ) throws -> ValueID {
    let weight = try constant("\(name).weight", graph, "[out, in, 1, 1]") {
      $0.rank == 4 && $0[2] == 1 && $0[3] == 1
    }
    let kernel = graph.constant(weight)
    let matrix = graph.add(
      Constant(
        name: "\(kernel.name)[:, :, 0, 0]", shape: [kernel.shape[0], kernel.shape[1]],
        parameters: kernel.parameters
      ) { try kernel.values() })
    let linear = Linear(weight: matrix, bias: try constant("\(name).bias", graph))
    return try graph.add(.linear(linear), value, block: block)
  }

  /// The low scale's class token with its position, `[1, D]`.
  func lowPrefix(_ graph: inout Graph) throws -> ConstantID {
    let table = try positions(graph)
    let width = table.shape[2]
    let token = graph.constant(
      try constant("cls_token", graph, "[1, 1, \(width)]") { $0.extents == [1, 1, width] })
    return graph.add(
      Constant(
        name: "\(token.name)+\(table.name)[:1]", shape: [1, width], parameters: token.parameters
      ) { zip(try token.values(), try table.values()).map { $0 + $1 } })
  }

  /// The low scale's patch positions, `[gridHeight / 2 * gridWidth / 2, D]`.
  func lowTable(_ graph: inout Graph) throws -> ConstantID {
    let table = try positions(graph)
    let width = table.shape[2]
    return graph.add(
      Constant(
        name: "\(table.name)[1:]", shape: [table.shape[1] - 1, width],
        parameters: table.parameters
      ) { Array(try table.values().dropFirst(width)) })
  }

  /// The low scale's positions, `[1, 1 + N, D]`.
  private func positions(_ graph: Graph) throws -> Constant {
    graph.constant(
      try constant("pos_embed", graph, "[1, tokens, width]") {
        $0.rank == 3 && $0[0] == 1 && $0[1] >= 1 && $0[2] >= 1
      })
  }
}

/// The low scale's copies of the nodes that both scales share.
private struct LowScale {
  private var replacements: [ValueID?]

  init(graph: Graph) {
    replacements = .init(repeating: nil, count: graph.types.count)
  }

  /// The low scale's counterpart of a value.
  /// - Throws: `InputError` if the graph has none, as its blocks do not follow each other.
  func replacement(_ value: ValueID) throws -> ValueID {
    guard let replacement = replacements[value.index] else {
      throw InputError(
        option: .multiScale, field: "value \(value.index)",
        expected: "to be made by the blocks that run on two scales", found: "another maker")
    }
    return replacement
  }

  /// Appends the node's counterpart.
  mutating func append(
    _ node: Graph.Node, embedding pass: InsertMultiScale, to rebuilder: inout GraphRebuilder
  ) throws {
    var op = node.op
    switch node.op {
    case .image:
      let whole = try rebuilder.replacement(node.outputs[0])
      replacements[node.outputs[0].index] = try rebuilder.result.add(.avgPool2x2, whole)
      return
    case .prepend: op = .prepend(Prepend(try pass.lowPrefix(&rebuilder.result)))
    case .addPositions: op = .addPositions(AddPositions(try pass.lowTable(&rebuilder.result)))
    default: break
    }
    let outputs = try rebuilder.result.append(
      op, node.inputs.map(replacement), block: node.block)
    for (old, new) in zip(node.outputs, outputs) { replacements[old.index] = new }
  }
}
