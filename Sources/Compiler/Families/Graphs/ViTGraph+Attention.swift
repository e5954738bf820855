internal import ModelGraph

// What a block does to queries and keys, and attention itself.
extension ViTGraph {
  mutating func attention(_ name: String, _ tokens: ValueID, block: Int) throws -> ValueID {
    var rows = try linear(
      "\(name).attn.qkv", tokens, block: block, hasBias: config.hasQKVBias,
      arranged: turnsPairs
        ? .gatheringPairs(parts: 2, heads: config.heads, headWidth: config.headWidth) : nil)
    if config.headNormWidth != nil { rows = try headNorm(name, rows, block: block) }
    if let rotary = config.rotary { rows = try turned(rows, rotary, block: block) }
    let attention = Attention(
      heads: config.heads, headWidth: config.headWidth,
      scale: config.attentionScale ?? Float(1 / Double(config.headWidth).squareRoot()))
    if let relative = config.relative {
      let biased = try biased(attention, relative, block: block)
      rows = try graph.add(.biasedAttention(biased), rows, block: block)
    } else {
      rows = try graph.add(.attention(attention), rows, block: block)
    }
    if config.hasAttentionNorm { rows = try norm("\(name).attn.norm", rows, block: block) }
    return try linear(
      "\(name).attn.proj", rows, block: block, hasBias: config.hasProjectionBias)
  }

  /// Whether rows of queries and keys are rearranged: the op turns the halves of a head.
  private var turnsPairs: Bool { config.rotary?.turnsHalves == false }

  private mutating func headNorm(_ name: String, _ rows: ValueID, block: Int) throws -> ValueID {
    let order: RowOrder? =
      turnsPairs ? .gatheringPairs(parts: 1, heads: 1, headWidth: config.headWidth) : nil
    let norm = HeadNorm(
      heads: config.heads, headWidth: config.headWidth,
      queryNorm: try normConstants("\(name).attn.q_norm", arranged: order),
      keyNorm: try normConstants("\(name).attn.k_norm", arranged: order))
    return try graph.add(.headNorm(norm), rows, block: block)
  }

  private mutating func biased(
    _ attention: Attention, _ relative: RelativePositions, block: Int
  ) throws -> BiasedAttention {
    let grid = try RelativeTable.grid(config, file: tensors.file)
    if block == 0 { try RelativeTable.checkIndices(grid, tensors) }
    let own: ConstantID
    if let table = relativeTable {
      own = table
    } else {
      own = graph.add(
        try RelativeTable.constant(relative, grid, heads: config.heads, block: block, tensors))
      if !relative.isInBlocks { relativeTable = own }
    }
    return BiasedAttention(attention, table: own, grid: grid)
  }

  private mutating func turned(
    _ rows: ValueID, _ rotary: RotaryPositions, block: Int
  ) throws -> ValueID {
    let own: ConstantID
    if let table = rotaryTable {
      own = table
    } else {
      own = graph.add(try RotaryTable.constant(rotary, config, block: block, tensors))
      if rotary.kind != .mixed, config.rotaryTable?.isOfEachBlock != true { rotaryTable = own }
    }
    let embedding = RotaryEmbedding(
      heads: config.heads, headWidth: config.headWidth, prefix: config.prefixTokens, table: own)
    return try graph.add(.rotaryEmbedding(embedding), rows, block: block)
  }
}
