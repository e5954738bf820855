internal import JSON
internal import Tensors

extension ModelConfig {
  /// Throws unless what the configuration says of extents is what the tensors have.
  func check(against config: ViTConfig) throws {
    try compare(["embed_dim", "hidden_size"], config.embedDim, "the width of the tensors")
    try compare(["num_features"], config.embedDim, "the width of the tensors")
    try compare(["depth", "num_hidden_layers"], config.depth, "the blocks that have tensors")
    // Beside mlp_ratio it is not looked at.
    if form != .transformers("dinov2"), form != .transformers("dinov2_with_registers") {
      try compare(["intermediate_size"], config.hiddenDim, "the width of mlp.fc1")
    }
    try compare(
      ["reg_tokens", "num_reg_tokens", "num_register_tokens"], config.registerTokens,
      "the tokens of reg_token")
    if let width = config.projectionWidth {
      try compare(["projection_dim"], width, "the outputs of the projection")
    }
    for (name, value, what) in [
      ("qk_norm", config.headNormWidth != nil, "normalised queries and keys"),
      ("scale_attn_norm", config.hasAttentionNorm, "a norm inside attention"),
      ("scale_attn_inner", config.hasAttentionNorm, "a norm inside attention"),
      ("scale_mlp_norm", config.hasInnerNorm, "a norm inside the FFN"),
      ("scale_mlp", config.hasInnerNorm, "a norm inside the FFN"),
      ("swiglu_mlp", config.isGated, "gates"), ("use_swiglu_ffn", config.isGated, "gates"),
      ("use_gated_mlp", config.isGated, "gates"), ("mlp_bias", config.hasFFNBias, "biases"),
      ("proj_bias", config.hasProjectionBias, "a bias of the projection"),
      ("use_abs_pos_emb", config.hasPositions, "a table of positions"),
      ("use_absolute_position_embeddings", config.hasPositions, "a table of positions"),
      (
        "use_rel_pos_bias", config.relative?.isInBlocks == true, "tables of relative positions"
      ),
      (
        "use_relative_position_bias", config.relative?.isInBlocks == true,
        "tables of relative positions"
      ),
      (
        "use_shared_rel_pos_bias", config.relative?.isShared == true,
        "a table of relative positions"
      ),
      (
        "use_shared_relative_position_bias", config.relative?.isShared == true,
        "a table of relative positions"
      ),
      ("shared_rel_pos", config.relative?.isShared == true, "shared relative positions"),
      ("use_mean_pooling", config.hasPooledNorm, "a norm behind pooling"),
      ("use_pre_transformer_norm", config.hasPreNorm, "a norm before the blocks"),
      ("use_post_transformer_norm", config.hasFinalNorm, "a norm behind the blocks"),
      ("use_fc_norm", config.hasPooledNorm, "a norm behind pooling"),
      ("query_bias", config.hasQKVBias, "biases of queries"),
      ("value_bias", config.hasQKVBias, "biases of values"),
      ("class_token", config.hasClassToken, "a class token"),
      ("pre_norm", config.hasPreNorm, "a norm before the blocks"),
      ("final_norm", config.hasFinalNorm || config.hasPooledNorm, "a norm behind the blocks"),
      ("fc_norm", config.hasPooledNorm, "a norm behind pooling"),
      (
        "vision_use_head", config.hasAttentionPool || config.classes > 0, "a pooling head"
      ),
      ("use_head", config.hasAttentionPool, "a pooling head"),
    ] {
      guard let found = model(name), try boolean(found) != value else { continue }
      throw fail(
        found, "\(value), as the tensors \(value ? "have" : "lack") \(what)", as: .contradiction)
    }
    try checkRelativePositions(of: config)
    try checkNormLayer(of: config)
    // transformers' configurations have labels for models without a classifier too.
    if try config.classes > 0 || output() == nil {
      try compare(
        ["num_classes", "num_labels", "_num_labels"], config.classes, "the classes of the head")
    }
    if let width = config.poolerWidth {
      try compare(["pooler_output_size"], width, "the outputs of the pooler")
    }
    if let found = model("mlp_layer") {
      let isGated = ["SwiGLU", "SwiGLUPacked", "GluMlp"].contains {
        found.value.string?.hasSuffix($0) == true
      }
      guard isGated == config.isGated else {
        throw fail(
          found,
          config.isGated ? "a gated FFN, as the tensors have" : "Mlp, as the tensors have no gates",
          as: .contradiction)
      }
    }
    if let found = model("swiglu_align_to"), found.value.integer != 0 {
      let unit = try integer(found)
      guard config.isGated, config.hiddenDim % unit == 0 else {
        throw fail(
          found,
          config.isGated
            ? "a divisor of the FFN's width \(config.hiddenDim)"
            : "0, as the tensors have no gates",
          as: .contradiction)
      }
    }
    if let found = model("pos_embed"), (found.value.string != "none") != config.hasPositions {
      throw fail(
        found, config.hasPositions ? "learn" : "none, as there is no pos_embed", as: .contradiction)
    }
    try compare(["in_chans", "num_channels"], config.channels, "channels of the patch embedding")
    if let found = model("patch_size") {
      let patch = try extents(found)
      guard patch == (config.patchHeight, config.patchWidth) else {
        throw fail(
          found, "\(config.patchWords), the extents of the patch embedding's kernel",
          as: .contradiction)
      }
    }
    if let found = model("mlp_ratio") {
      let width = (Double(config.embedDim) * (try number(found))).rounded(.towardZero)
      guard try hiddenWidths(width, isGated: config.isGated).contains(Double(config.hiddenDim))
      else {
        throw fail(
          found, "the FFN's width \(config.hiddenDim) over \(config.embedDim)", as: .contradiction)
      }
    }
    if let found = model("qkv_bias"), try boolean(found) != config.hasQKVBias {
      throw fail(found, "\(config.hasQKVBias), as the tensors have it", as: .contradiction)
    }
    if let found = model("no_embed_class"), config.prefixTokens > 0,
      try boolean(found) != config.hasPatchOnlyPositions
    {
      throw fail(
        found, "\(config.hasPatchOnlyPositions), as pos_embed's length has it", as: .contradiction)
    }
    if let found = model("init_values") {
      // timm leaves LayerScale out for 0.
      guard let value = found.value.double, value.isFinite else { throw fail(found, "a number") }
      guard (value != 0) == config.hasLayerScale else {
        throw fail(
          found, config.hasLayerScale ? "a number, as there is LayerScale" : "none or 0",
          as: .contradiction)
      }
    }
    for found in [model("dynamic_img_size"), pretrained("fixed_input_size")].compactMap(\.self) {
      _ = try boolean(found)
    }
    if let found = model("dynamic_img_pad"), try boolean(found),
      config.imageHeight % config.patchHeight != 0 || config.imageWidth % config.patchWidth != 0
    {
      throw fail(
        found,
        "an image size of whole patches of \(config.patchWords); padding is not supported yet",
        as: .unsupported)
    }
  }

  /// Throws unless the tensors are those that transformers' class reads where the configuration is silent: it would leave
  /// the others out.
  func checkDefaults(against config: ViTConfig) throws {
    func fail(_ key: String, _ expected: String, _ found: String) -> InputError {
      InputError(.contradiction, file: path, field: key, expected: expected, found: found)
    }
    guard case .transformers(let type) = form, let known = ModelTypes.vit[type] else { return }
    if model("num_hidden_layers") == nil, config.depth != known.depth {
      throw fail(
        "num_hidden_layers", "\(config.depth), the blocks that have tensors",
        "none, which is \(known.depth) to transformers' \(type)")
    }
    let shown = [
      "use_absolute_position_embeddings": config.hasPositions,
      "use_relative_position_bias": config.relative?.isInBlocks == true,
      "use_shared_relative_position_bias": config.relative?.isShared == true,
    ]
    for (key, usual) in known.flags.sorted(by: { $0.key < $1.key })
    where model(key) == nil && shown[key] != usual {
      throw fail(
        key, "\(!usual), as the tensors have them",
        "none, which is \(usual) to transformers' \(type)")
    }
    guard config.poolerWidth == nil || config.hasClassToken else {
      throw InputError(
        .unsupported, file: path, field: "pooler",
        expected: "none, as transformers' pooler reads the first token, which is a patch here",
        found: "a pooler of width \(config.poolerWidth ?? 0)")
    }
    guard !known.hasSquarePositions || !config.hasPositions || config.gridHeight == config.gridWidth
    else {
      throw InputError(
        .unsupported, file: path, field: "image_size",
        expected: "as many patches each way, as transformers' \(type) takes its positions to be",
        found: "\(config.gridHeight) x \(config.gridWidth)")
    }
  }

  /// What timm's ViTs with relative positions are told of these.
  private func checkRelativePositions(of config: ViTConfig) throws {
    if let found = model("rel_pos_type") {
      let words =
        config.relative.map { relative in
          relative.showsGrid ? ["bias"] : relative.isBounded ? ["mlp-swin", "mlp_swin"] : ["mlp"]
        } ?? []
      guard words.contains(try word(found)) else {
        throw fail(
          found, words.first.map { "\($0), as the tensors have it" } ?? "none", as: .contradiction)
      }
    }
    // Tables of another kind do not look at it.
    if let found = model("rel_pos_dim"), config.relative?.showsGrid != true {
      let width = config.relative?.networkWidth
      guard let width, found.value.integer == width else {
        throw fail(
          found, width.map { "\($0), the width of rel_pos.mlp.fc1" } ?? "none",
          as: .contradiction)
      }
    }
  }

  /// timm's own norms have an epsilon of 1e-6, whatever the architecture gives its norms.
  private func checkNormLayer(of config: ViTConfig) throws {
    guard let found = model("norm_layer") else { return }
    let isRMS = try word(found).lowercased().hasSuffix("rmsnorm")
    guard isRMS == config.hasRMSNorms else {
      throw fail(
        found,
        config.hasRMSNorms
          ? "rmsnorm, as norms have no bias" : "layernorm, as norms have biases",
        as: .contradiction)
    }
    guard !config.hasPatchNorm else {
      throw fail(
        found, "none, as the norm of the patch embedding keeps the architecture's epsilon",
        as: .unsupported)
    }
  }

  /// The widths that an FFN may have whose `mlp_ratio` asks for one.
  private func hiddenWidths(_ width: Double, isGated: Bool) throws -> [Double] {
    guard isGated else { return [width] }
    func aligned(_ width: Double, _ unit: Int) -> Double {
      (width / Double(unit)).rounded(.up) * Double(unit)
    }
    // transformers' DINOv2 takes two thirds of it.
    if case .transformers = form { return [aligned((width * 2 / 3).rounded(.down), 8)] }
    // Of timm's ViTs it may be that of gates and values together.
    guard let found = model("swiglu_align_to"), found.value.integer != 0 else {
      return [width, width / 2]
    }
    return [aligned(width, try integer(found))]
  }

  private func compare(_ names: [String], _ value: Int, _ what: String) throws {
    for name in names {
      guard let found = model(name) else { continue }
      guard found.value.integer == value else {
        throw fail(found, "\(value), \(what)", as: .contradiction)
      }
    }
  }
}
