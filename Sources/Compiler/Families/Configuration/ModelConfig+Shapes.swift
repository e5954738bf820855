internal import JSON
internal import Tensors

extension ModelConfig {
  /// Throws unless what the configuration says of extents is what the tensors have.
  func check(against config: ViTConfig) throws {
    try compare(["embed_dim", "hidden_size"], config.embedDim, "the width of the tensors")
    try compare(["num_features"], config.embedDim, "the width of the tensors")
    try compare(["depth", "num_hidden_layers"], config.depth, "the blocks that have tensors")
    if form != .transformers("dinov2"), form != .transformers("dinov2_with_registers") {
      try compare(["intermediate_size"], config.hiddenDim, "the width of mlp.fc1")
    }
    try compare(
      ["reg_tokens", "num_register_tokens"], config.registerTokens, "the tokens of reg_token")
    if let width = config.projectionWidth {
      try compare(["projection_dim"], width, "the outputs of the projection")
    }
    for (name, value, what) in [
      ("class_token", config.hasClassToken, "a class token"),
      ("pre_norm", config.hasPreNorm, "a norm before the blocks"),
      ("final_norm", config.hasFinalNorm || config.hasPooledNorm, "a norm behind the blocks"),
      ("fc_norm", config.hasPooledNorm, "a norm behind pooling"),
      (
        "vision_use_head", config.attentionPoolHidden != nil || config.classes > 0, "a pooling head"
      ),
    ] {
      guard let found = model(name), try boolean(found) != value else { continue }
      throw fail(
        found, "\(value), as the tensors \(value ? "have" : "lack") \(what)", as: .contradiction)
    }
    // transformers' configurations have labels for models without a classifier too.
    if try config.classes > 0 || output() == nil {
      try compare(
        ["num_classes", "num_labels", "_num_labels"], config.classes, "the classes of the head")
    }
    if let width = config.poolerWidth {
      try compare(["pooler_output_size"], width, "the outputs of the pooler")
    }
    try compare(["in_chans", "num_channels"], 3, "channels of the patch embedding")
    if let found = model("patch_size") {
      let patch = try extents(found)
      guard patch == (config.patchSize, config.patchSize) else {
        throw fail(
          found, "\(config.patchSize), the side of the patch embedding's kernel", as: .contradiction
        )
      }
    }
    if let found = model("mlp_ratio") {
      let width = (Double(config.embedDim) * (try number(found))).rounded(.towardZero)
      guard width == Double(config.hiddenDim) else {
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
      config.imageHeight % config.patchSize != 0 || config.imageWidth % config.patchSize != 0
    {
      throw fail(
        found,
        "an image size of whole patches of \(config.patchSize); padding is not supported yet",
        as: .unsupported)
    }
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
