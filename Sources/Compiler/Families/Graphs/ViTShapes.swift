internal import ModelFacts

/// The tensors that a configuration has, under timm's (for LV-ViT TokenLabeling's) names.
enum ViTShapes {
  /// Extents by name.
  static func expected(_ config: ViTConfig) -> [String: [Int]] {
    let width = config.embedDim
    let positions =
      config.patchTokens + (config.hasPatchOnlyPositions ? 0 : config.prefixTokens)
    var shapes: [String: [Int]] = [:]
    if config.hasPositions { shapes["pos_embed"] = [1, positions, width] }
    if config.hasPatchBias { shapes["patch_embed.proj.bias"] = [width] }
    if config.hasClassToken { shapes["cls_token"] = [1, 1, width] }
    if config.hasDistillationToken { shapes["dist_token"] = [1, 1, width] }
    if config.registerTokens > 0 { shapes["reg_token"] = [1, config.registerTokens, width] }
    for (name, isThere) in [
      ("patch_embed.norm", config.hasPatchNorm), ("norm_pre", config.hasPreNorm),
      ("norm", config.hasFinalNorm), ("fc_norm", config.hasPooledNorm),
    ] where isThere {
      shapes.merge(norm(name, width, config)) { $1 }
    }
    shapes.merge(ending(config)) { $1 }
    if let heads = config.frequencyHeads, heads > 0 {
      shapes["rope.freqs"] = [2, config.depth, heads, width / heads / 2]
    }
    if let relative = config.relative { shapes.merge(self.relative(relative, config)) { $1 } }
    if let table = config.rotaryTable {
      shapes[RotaryTable.tensor] = [table.blocks, config.patchTokens, table.heads, table.width]
    }
    if config.family == .lvvit {
      shapes.merge(stem(config)) { $1 }
    } else {
      shapes["patch_embed.proj.weight"] = [
        width, config.channels, config.patchHeight, config.patchWidth,
      ]
    }
    for block in 0..<config.depth {
      for (name, shape) in self.block(config) { shapes["blocks.\(block).\(name)"] = shape }
    }
    return shapes
  }

  /// Tensors of a norm.
  private static func norm(_ name: String, _ width: Int, _ config: ViTConfig) -> [String: [Int]] {
    let weight = ["\(name).weight": [width]]
    return config.hasRMSNorms ? weight : weight.merging(["\(name).bias": [width]]) { $1 }
  }

  /// Tables of relative positions, or the networks that make them.
  private static func relative(
    _ relative: RelativePositions, _ config: ViTConfig
  ) -> [String: [Int]] {
    var parts: [(name: String, shape: [Int])] = []
    if let width = relative.networkWidth {
      parts = [
        ("mlp.fc1.weight", [width, 2]), ("mlp.fc1.bias", [width]),
        ("mlp.fc2.weight", [config.tableHeads, width]),
      ]
      if !relative.isBounded { parts.append(("mlp.fc2.bias", [config.tableHeads])) }
    } else {
      let entries = RelativeGrid(
        rows: config.gridHeight, columns: config.gridWidth, prefix: config.prefixTokens)?.entries
      parts = [(RelativePositions.table, [entries ?? 0, config.tableHeads])]
      let tokens = config.prefixTokens + config.patchTokens
      if config.hasRelativeIndices { parts.append((RelativePositions.index, [tokens, tokens])) }
    }
    return Dictionary(
      parts.flatMap { part in
        relative.names(part.name, depth: config.depth).map { ($0, part.shape) }
      }
    ) { $1 }
  }

  /// Tensors behind the blocks' last norm.
  private static func ending(_ config: ViTConfig) -> [String: [Int]] {
    let width = config.embedDim
    var shapes: [String: [Int]] = [:]
    func linear(_ name: String, _ outputs: Int, _ inputs: Int, hasBias: Bool = true) {
      shapes["\(name).weight"] = [outputs, inputs]
      if hasBias { shapes["\(name).bias"] = [outputs] }
    }
    if config.classes > 0 {
      linear("head", config.classes, config.headReadsMean ? 2 * width : width)
      if config.hasSecondHead { linear("head_dist", config.classes, width) }
    }
    if let outputs = config.poolerWidth { linear("pooler.dense", outputs, width) }
    if let outputs = config.projectionWidth {
      linear("projection", outputs, width, hasBias: config.hasFeatureBias)
    }
    if config.poolsByQuery {
      shapes["attn_pool.query"] = [1, 1, width]
      linear("attn_pool.kv", 2 * width, width, hasBias: config.hasQKVBias)
      linear("attn_pool.proj", width, width)
    }
    if let hidden = config.attentionPoolHidden {
      if config.hasPoolQuery {
        shapes["attn_pool.query"] = [width]
      } else {
        shapes["attn_pool.latent"] = [1, 1, width]
        linear("attn_pool.q", width, width)
      }
      linear("attn_pool.kv", 2 * width, width)
      linear("attn_pool.proj", width, width)
      linear("attn_pool.mlp.fc1", hidden, width)
      linear("attn_pool.mlp.fc2", width, hidden)
      shapes.merge(norm("attn_pool.norm", width, config)) { $1 }
    }
    return shapes
  }

  private static func stem(_ config: ViTConfig) -> [String: [Int]] {
    let channels = config.stemChannels
    var shapes: [String: [Int]] = [
      "patch_embed.conv1.weight": [channels, config.channels, 7, 7],
      "patch_embed.conv2.weight": [channels, channels, 3, 3],
      "patch_embed.conv3.weight": [channels, channels, 3, 3],
      "patch_embed.proj.weight": [
        config.embedDim, channels, config.patchHeight / 2, config.patchWidth / 2,
      ],
      "aux_head.weight": [config.classes, config.embedDim], "aux_head.bias": [config.classes],
    ]
    for norm in 1...3 {
      guard config.hasStemNorms else {
        shapes["patch_embed.conv\(norm).bias"] = [channels]
        continue
      }
      for part in ["weight", "bias", "running_mean", "running_var"] {
        shapes["patch_embed.bn\(norm).\(part)"] = [channels]
      }
    }
    return shapes
  }

  private static func block(_ config: ViTConfig) -> [String: [Int]] {
    let width = config.embedDim
    let hidden = config.hiddenDim
    let first = config.isGated ? 2 * hidden : hidden
    var shapes: [String: [Int]] = [:]
    func linear(_ name: String, _ outputs: Int, _ inputs: Int, hasBias: Bool) {
      shapes["\(name).weight"] = [outputs, inputs]
      if hasBias { shapes["\(name).bias"] = [outputs] }
    }
    func norm(_ name: String, _ width: Int) {
      shapes.merge(self.norm(name, width, config)) { $1 }
    }
    norm("norm1", width)
    linear("attn.qkv", 3 * width, width, hasBias: config.hasQKVBias)
    if let headWidth = config.headNormWidth {
      norm("attn.q_norm", headWidth)
      norm("attn.k_norm", headWidth)
    }
    if config.hasAttentionNorm { norm("attn.norm", width) }
    linear("attn.proj", width, width, hasBias: config.hasProjectionBias)
    norm("norm2", width)
    linear("mlp.fc1", first, width, hasBias: config.hasFFNBias)
    if config.hasInnerNorm { norm("mlp.norm", hidden) }
    linear("mlp.fc2", width, hidden, hasBias: config.hasFFNBias)
    if config.hasLayerScale {
      shapes["ls1.gamma"] = [width]
      shapes["ls2.gamma"] = [width]
    }
    return shapes
  }
}
