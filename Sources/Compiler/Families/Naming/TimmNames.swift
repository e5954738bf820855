internal import Tensors

/// timm's names, which are also DeiT's and (with a convolution stem) TokenLabeling's; all other
/// schemes are translated to them.
enum TimmNames: NamingScheme {
  static let title = "timm"
  static let anchors = ["patch_embed.proj.weight"]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    for (name, variant) in variants where tensors[name] != nil {
      throw InputError(
        .unsupported, file: file, field: name, expected: OtherModels.expected,
        found: "a variant with \(variant), which is not supported yet")
    }
    for (prefix, name) in OtherModels.prefixes
    where tensors.keys.contains(where: { $0.hasPrefix(prefix) }) {
      throw OtherModels.refusal(name, file: file, field: prefix)
    }
    var renamed = RenamedTensors(file: file)
    for (name, tensor) in tensors { try renamed.add(tensor, as: self.renamed(name)) }
    var model = NamedModel(tensors: renamed.tensors)
    // DINOv2's own code puts them behind the class token once that has its position.
    if model.tensors["register_tokens"] != nil {
      try model.insertRegisters("register_tokens", file: file)
    }
    model.hints.positionResize = .timm
    return model
  }

  /// timm's name for LayerScale where DeiT-III's own code has another.
  private static func renamed(_ name: String) -> String {
    for (own, known) in [(".gamma_1", ".ls1.gamma"), (".gamma_2", ".ls2.gamma")]
    where name.hasPrefix("blocks.") && name.hasSuffix(own) {
      return name.dropLast(own.count) + known
    }
    return name
  }

  /// Tensors that only relatives of ViT have.
  private static let variants = [
    ("blocks.0.attn.q_norm.weight", "normalised queries and keys"),
    ("blocks.0.attn.norm.weight", "a norm inside attention"),
    ("blocks.0.mlp.norm.weight", "a norm inside the FFN"),
    ("blocks.0.mlp.fc1_g.weight", "a gated FFN"),
    ("blocks.0.mlp.w12.weight", "a gated FFN"),
    ("blocks.0.attn.relative_position_bias_table", "relative positions (BEiT)"),
    ("blocks.0.attn.q_bias", "separate biases of queries and values (BEiT)"),
    ("rel_pos_bias.relative_position_bias_table", "relative positions (BEiT)"),
    ("blocks_token_only.0.gamma_1", "class attention"),
    ("blocks.0.attns.0.qkv.weight", "parallel blocks"),
    ("patch_embed.backbone.conv1.weight", "a ResNet stem"),
  ]
}
