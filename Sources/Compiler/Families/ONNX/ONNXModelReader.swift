internal import Checkpoints
internal import ModelFacts
internal import Tensors

/// Raises an ONNX graph: finds every weight by its position, and heads, epsilon, scale and skip
/// factors by what the graph computes.
struct ONNXModelReader {
  /// What tensors of a graph are named by.
  static let scheme = "the ONNX graph (by position)"

  let tracer: Tracer
  let ending: EndingReader.Found
  let head: HeadReader.Found
  let blocks: [BlockReader.Block]
  let embedding: EmbeddingReader.Found
  let exported: ExportedModel?

  /// The norm behind the blocks.
  let norm: TermReader.NormLayer?

  /// The graph's weights under timm's names, with what the graph tells besides.
  ///
  /// - Parameter imageSize: the image's extents where the file leaves them open.
  static func read(_ model: ONNXModel, imageSize: (height: Int, width: Int)?) throws -> TensorSet {
    // First, so that a rewritten model is refused as one.
    let exported = try ExportedModel(model)
    let tracer = try Tracer(model, imageSize: imageSize)
    guard let output = tracer.output else {
      throw InputError(file: model.file, field: "outputs", expected: "logits", found: "none")
    }
    do {
      return try ONNXModelReader(tracer, output, exported).raised()
    } catch let mismatch as Mismatch {
      throw tracer.fail(at: tracer.terms[mismatch.term].node, mismatch.expected, mismatch.found)
    }
  }

  private init(_ tracer: Tracer, _ output: TermView, _ exported: ExportedModel?) throws {
    (self.tracer, self.exported) = (tracer, exported)
    let reader = TermReader(terms: tracer.terms)
    ending = EndingReader(reader: reader).read(output)
    head = try HeadReader(reader: reader).read(
      ending.logits,
      isFeatures: exported.map { $0.facts.classes == 0 }
        ?? (tracer.outputName != OutputRole.logits.word))
    let tokens = reader.whole(head.pool.rows.term)
    // A norm of the one token that is read is the same.
    norm =
      head.pool.pooling == .token && head.pool.norm != nil
      ? head.pool.norm : reader.normIfThere(tokens)
    let end = head.pool.pooling == .token && head.pool.norm != nil ? tokens : norm?.input ?? tokens
    let (blocks, start) = try BlockReader(reader: reader).blocks(endingAt: end)
    self.blocks = blocks
    embedding = try EmbeddingReader(reader: reader).read(start)
  }

  private func raised() throws -> TensorSet {
    let prefix = PrefixTokens(
      embedding, head, told: exported?.facts.details.hasClassToken,
      hasRelative: blocks.contains { !$0.attended.attention.biases.isEmpty })
    try check(prefix)
    var tensors = RaisedTensors(file: tracer.graph.file)
    try tensors.add(embedding, prefix: prefix)
    tensors.add(blocks)
    if let norm { tensors.add(norm, "norm") }
    if let norm = head.pool.norm, head.pool.pooling != .token { tensors.add(norm, "fc_norm") }
    tensors.add(head)
    let rotary = blocks.compactMap(\.attended.attention.rotary)
    try tensors.add(rotary)
    tensors.add(try relativePositions(prefix))
    return TensorSet(
      file: tracer.graph.file, tensors: tensors.tensors, scheme: Self.scheme,
      hints: try hints(prefix, rotary))
  }

  // MARK: - Tokens

  /// Throws unless the head reads tokens as a plan does, and positions turn the patches' alone.
  private func check(_ prefix: PrefixTokens) throws {
    let pool = head.pool
    let count = prefix.count + patchCount
    func fail(_ expected: String, _ found: String) -> InputError {
      InputError(file: tracer.graph.file, field: "pooling", expected: expected, found: found)
    }
    switch pool.pooling {
    case .token:
      guard pool.rows.range == 0..<1, prefix.count > 0 else {
        throw fail("the first of the tokens in front of the patches", "row \(pool.rows.range)")
      }
    case .none:
      guard head.head == nil, head.projection == nil, head.pooler == nil else {
        throw fail("one row that the last layer reads", "every token's")
      }
    default:
      guard pool.rows.range.upperBound == count,
        [0, prefix.count].contains(pool.rows.range.lowerBound)
      else {
        throw fail("all tokens or those of all patches", "rows \(pool.rows.range) of \(count)")
      }
    }
    if let averaged = pool.averaged, averaged != prefix.count..<count {
      throw fail("the mean of all patches", "rows \(averaged) of \(count)")
    }
    if head.second != nil || head.averagesTwo, prefix.single.count < 2 {
      throw fail(
        "a distillation token behind the class token, as two tokens are read",
        "\(prefix.count) in front of the patches")
    }
    if head.auxiliary != nil, prefix.count != 1 {
      throw fail("LV-ViT's maximum of all patches", "\(prefix.count) tokens in front of them")
    }
    let rotary = blocks.map(\.attended.attention.rotary)
    guard Set(rotary.map { $0 == nil }).count == 1,
      Set(rotary.map { $0?.turnsHalves }).count == 1,
      rotary.allSatisfy({ $0 == nil || $0?.prefix == prefix.count })
    else {
      throw InputError(
        file: tracer.graph.file, field: "rotary positions",
        expected: "those of all patches, behind \(prefix.count) tokens, in every block",
        found: "tokens as they are in front: \(rotary.map { $0?.prefix ?? -1 })")
    }
  }

  /// Each block's table of relative positions; none where no block has any.
  private func relativePositions(_ prefix: PrefixTokens) throws -> [RelativeBias] {
    let attention = blocks.map(\.attended.attention)
    guard attention.contains(where: { !$0.biases.isEmpty }) else { return [] }
    let grid = try RelativeTable.grid(
      rows: self.grid.rows, columns: self.grid.columns, prefix: prefix.count,
      file: tracer.graph.file)
    // Blocks often share what they add.
    var known: [[AttentionReader.Bias]: RelativeBias] = [:]
    var count = 0
    return try attention.enumerated().map { block, attention in
      if let table = known[attention.biases] { return table }
      let most = RelativeBias.mostElementsOfAll
      for bias in attention.biases { count += min(bias.literal.layout.elementCount, most) }
      guard count <= most else {
        throw InputError(
          .unsupported, file: tracer.graph.file, field: "blocks.\(block).attn",
          expected: "at most \(most) numbers that scores have added in all blocks", found: "more")
      }
      let table = try RelativeBias(
        attention.biases, heads: attention.heads, grid, block: block, file: tracer.graph.file)
      known[attention.biases] = table
      return table
    }
  }

  /// Patches of the image, down and across.
  private var grid: (rows: Int, columns: Int) {
    let strides = [embedding.projection.stride] + embedding.stem.map(\.stride)
    let (down, across) = (
      strides.map { $0[0] }.reduce(1, *), strides.map { $0[1] }.reduce(1, *)
    )
    return (tracer.input.height / down, tracer.input.width / across)
  }

  /// Tokens of the image.
  private var patchCount: Int { grid.rows * grid.columns }
}
