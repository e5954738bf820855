internal import Tensors

/// The weights of a raised graph under timm's names.
struct RaisedTensors {
  /// The checkpoint's name, for errors.
  let file: String

  private(set) var tensors: [String: NamedTensor] = [:]

  init(file: String) { self.file = file }

  // MARK: - Embedding

  /// The tokens in front of the patches', whose names are told, positions and convolutions.
  mutating func add(_ embedding: EmbeddingReader.Found, prefix: PrefixTokens) throws {
    let width = embedding.projection.weight.shape[0]
    var rows = embedding.prefix.map { row -> NamedTensor? in
      let parts = row.map { $0.tensor(shape: [1, 1, width]) }
      return parts.dropFirst().reduce(parts.first) { $0?.adding($1) }
    }
    for name in prefix.single { tensors[name] = rows.removeFirst() }
    if prefix.registers > 0 {
      let registers = rows.compactMap { $0?.reshaped([1, width]) }
      tensors["reg_token"] = NamedTensor.concatenated(registers)?
        .reshaped([1, prefix.registers, width])
    }
    if let positions = embedding.positions {
      let count = positions.layout.elementCount
      guard width > 0, count % width == 0 else {
        throw InputError(
          file: file, field: positions.storage.name, expected: "positions of width \(width)",
          found: "\(positions.shape)")
      }
      tensors["pos_embed"] = positions.tensor(shape: [1, count / width, width])
    }
    // CLIP's patches have none.
    stage(embedding.projection, "patch_embed.proj", "", fillsBias: embedding.norm == nil)
    for (index, stage) in embedding.stem.enumerated() {
      self.stage(stage, "patch_embed.conv\(index + 1)", "patch_embed.bn\(index + 1)")
    }
    fold(embedding.input, into: embedding.stem.isEmpty ? "proj" : "conv1")
    if let norm = embedding.patchNorm { add(norm, "patch_embed.norm") }
    if let norm = embedding.norm { add(norm, "norm_pre") }
  }

  /// Makes a convolution read samples as they are before the graph's own arithmetic.
  private mutating func fold(_ input: InputReader.Affine, into name: String) {
    guard !input.isIdentity, let weight = tensors["patch_embed.\(name).weight"] else { return }
    let bias = "patch_embed.\(name).bias"
    (tensors["patch_embed.\(name).weight"], tensors[bias]) = GraphNormalisation.folded(
      input, weight, tensors[bias])
  }

  private mutating func stage(
    _ stage: EmbeddingReader.Stage, _ name: String, _ norm: String, fillsBias: Bool = true
  ) {
    tensors["\(name).weight"] = stage.weight.tensor(shape: stage.weight.shape)
    let channels = stage.weight.shape[0]
    if let found = stage.norm {
      vector(found.scale, channels, "\(norm).weight")
      vector(found.bias, channels, "\(norm).bias")
      vector(found.mean, channels, "\(norm).running_mean")
      vector(found.variance, channels, "\(norm).running_var")
    }
    // An exporter may write a bias of zeros in front of a norm.
    let hasBias = stage.bias?.numbers()?.allSatisfy { $0 == 0 } == false
    if stage.norm == nil && (fillsBias || stage.bias != nil) || hasBias {
      vector(stage.bias, channels, "\(name).bias")
    }
  }

  // MARK: - Blocks

  /// Every block's layers and norms. A bias that some blocks lack is zeros there.
  mutating func add(_ blocks: [BlockReader.Block]) {
    let hasProjectionBias = blocks.contains { $0.attended.ending.layer.bias != nil }
    let hasFFNBias = blocks.contains { block in
      (block.feedForward.inside.layers + [block.feedForward.ending.layer]).contains {
        $0.bias != nil
      }
    }
    for (index, block) in blocks.enumerated() {
      let name = "blocks.\(index)"
      let (attended, feedForward) = (block.attended, block.feedForward)
      add(attended.norm, "\(name).norm1")
      add(attended.attention.layers, "\(name).attn.qkv", fillsBias: false)
      leaveOutKeys(attended.attention.layers, "\(name).attn.qkv.bias")
      if let norms = attended.attention.headNorms {
        add(norms.query, "\(name).attn.q_norm")
        add(norms.key, "\(name).attn.k_norm")
      }
      if let norm = attended.innerNorm { add(norm, "\(name).attn.norm") }
      add([attended.ending.layer], "\(name).attn.proj", fillsBias: hasProjectionBias)
      add(feedForward.norm, "\(name).norm2")
      add(feedForward.inside.layers, "\(name).mlp.fc1", fillsBias: hasFFNBias)
      if let norm = feedForward.inside.norm { add(norm, "\(name).mlp.norm") }
      add([feedForward.ending.layer], "\(name).mlp.fc2", fillsBias: hasFFNBias)
      for (gamma, part) in [(attended.ending.gamma, "ls1"), (feedForward.ending.gamma, "ls2")] {
        if let gamma { vector(gamma, gamma.layout.elementCount, "\(name).\(part).gamma") }
      }
    }
  }

  /// The tables of rotary positions, `[blocks or 1, positions, heads or 1, headWidth]`.
  mutating func add(_ tables: [RotaryReader.Found]) throws {
    guard let first = tables.first else { return }
    let width = first.source.shape.last ?? 1
    guard tables.allSatisfy({ $0.tableHeads == first.tableHeads }), width > 0 else {
      throw InputError(
        file: file, field: "rotary positions", expected: "a table of each head in all blocks",
        found: "heads \(tables.map(\.tableHeads))")
    }
    let isShared = tables.allSatisfy { $0.table == first.table }
    let own = isShared ? [first] : tables
    let positions = first.table.count / (first.tableHeads * width)
    tensors["rope.table"] = NamedTensor(
      shape: Shape([own.count, positions, first.tableHeads, width]), origin: "rotary positions"
    ) { own.flatMap(\.table) }
  }

  /// Tables of relative positions, `[entries, heads]`, of each block or of all.
  mutating func add(_ tables: [RelativeBias]) {
    func add(_ table: RelativeBias, _ name: String) {
      tensors[name] = NamedTensor(
        shape: Shape([table.values.count / table.heads, table.heads]), origin: "relative positions"
      ) { table.values }
    }
    guard let first = tables.first else { return }
    if tables.count > 1, tables.allSatisfy({ $0 == first }) {
      return add(first, RelativePositions.sharedName(RelativePositions.table))
    }
    for (block, table) in tables.enumerated() {
      add(table, RelativePositions.name(block: block, RelativePositions.table))
    }
  }

  // MARK: - Behind the blocks

  /// Classifiers, layers of features and attention pooling.
  mutating func add(_ head: HeadReader.Found) {
    if let layer = head.head { add([layer], "head") }
    if let second = head.second { add([second], "head_dist") }
    if let auxiliary = head.auxiliary { add([auxiliary], "aux_head") }
    if let layer = head.projection { add([layer], "projection", fillsBias: false) }
    if let pooler = head.pooler { add([pooler.layer], "pooler.dense") }
    guard let pool = head.pool.attention else { return }
    let count = pool.query.layout.elementCount
    let query = pool.query.tensor(shape: pool.feedForward == nil ? [1, 1, count] : [count])
    tensors["attn_pool.query"] =
      pool.queryFactor == 1 ? query : query.multiplied(by: pool.queryFactor)
    add(pool.layers, "attn_pool.kv", fillsBias: pool.feedForward != nil)
    add([pool.projection], "attn_pool.proj")
    guard let feedForward = pool.feedForward else { return }
    add(feedForward.norm, "attn_pool.norm")
    add([feedForward.hidden], "attn_pool.mlp.fc1")
    add([feedForward.last], "attn_pool.mlp.fc2")
  }

  // MARK: - Parts

  /// A norm's weight and bias; an RMSNorm has none.
  mutating func add(_ norm: TermReader.NormLayer, _ name: String) {
    let width = norm.weight.layout.elementCount
    vector(norm.weight, width, "\(name).weight")
    if !norm.isRMS { vector(norm.bias, width, "\(name).bias") }
  }

  /// Layers of the same rows as one. A bias that some of them lack is zeros there, also where none has one if
  /// `fillsBias` says so.
  private mutating func add(
    _ layers: [TermReader.Layer], _ name: String, fillsBias: Bool = true
  ) {
    tensors["\(name).weight"] =
      layers.count == 1
      ? Self.weight(layers[0].weight)
      : NamedTensor.concatenated(layers.map { Self.weight($0.weight) })
    guard fillsBias || layers.contains(where: { $0.bias != nil }) else { return }
    let biases = layers.map { Self.vector($0.bias, $0.weight.shape[1]) }
    tensors["\(name).bias"] = layers.count == 1 ? biases[0] : NamedTensor.concatenated(biases)
  }

  private mutating func vector(_ literal: Literal?, _ count: Int, _ name: String) {
    tensors[name] = Self.vector(literal, count)
  }

  /// A bias, zeros where there is none.
  private static func vector(_ literal: Literal?, _ count: Int) -> NamedTensor {
    literal?.tensor(shape: [count]) ?? .zeros(shape: Shape([count]))
  }

  /// Does not count the zeros of a joint bias whose queries and values alone have one (BEiT).
  private mutating func leaveOutKeys(_ layers: [TermReader.Layer], _ name: String) {
    guard layers.count == 1, let numbers = layers[0].bias?.numbers(), let bias = tensors[name],
      numbers.count % 3 == 0, numbers.contains(where: { $0 != 0 })
    else { return }
    let count = numbers.count / 3
    guard numbers[count..<2 * count].allSatisfy({ $0 == 0 }) else { return }
    tensors[name] = NamedTensor(
      shape: bias.shape, dtype: bias.dtype, origin: bias.origin, parameters: 2 * count,
      values: bias.values)
  }

  /// A weight `[in, out]` as PyTorch keeps it, `[out, in]`.
  private static func weight(_ literal: Literal) -> NamedTensor {
    var literal = literal
    literal.layout = literal.layout.transposed([1, 0])
    return literal.tensor(shape: literal.shape)
  }
}
