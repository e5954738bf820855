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
    if model.tensors["blocks.0.mlp.fc1_g.weight"] != nil {
      model.hints.hasGatesLast = .init(value: false, source: "the names of the FFN's layers")
    }
    let hasTables = renamed.tensors.keys.contains { $0.hasSuffix(RelativePositions.table) }
    model.hints.isNamedAsEVA =
      !hasTables && ofEVA.contains { tensors["blocks.0.\($0)"] != nil }
    try joinParts(&model.tensors, file: file)
    if let frequencies = model.tensors["rope.freqs"], frequencies.shape.rank == 4 {
      model.hints.heads = .init(
        value: frequencies.shape[2], source: "the head axis of rope.freqs")
    }
    // DINOv2's own code puts them behind the class token once that has its position.
    if model.tensors["register_tokens"] != nil {
      try model.insertRegisters("register_tokens", file: file)
    }
    model.hints.positionResize = .timm
    return model
  }

  /// Names of parts of a block in code of DeiT-III's, EVA's and DINOv2's own, and in timm's EVA: each stands behind
  /// the block's number and in front of nothing or `.weight` and the like.
  private static let inside = [
    ("gamma_1", "ls1.gamma"), ("gamma_2", "ls2.gamma"),
    ("attn.q_proj", "attn.q"), ("attn.k_proj", "attn.k"), ("attn.v_proj", "attn.v"),
    ("attn.q_bias", "attn.q.bias"), ("attn.v_bias", "attn.v.bias"),
    ("attn.inner_attn_ln", "attn.norm"), ("mlp.ffn_ln", "mlp.norm"),
    ("mlp.w12", "mlp.fc1"), ("mlp.w1", "mlp.fc1_g"), ("mlp.w2", "mlp.fc1_x"),
    ("mlp.w3", "mlp.fc2"),
    ("attn.rel_pos.\(RelativePositions.table)", "attn.\(RelativePositions.table)"),
  ]

  /// Tensors of a block that have these names in EVA's models alone.
  private static let ofEVA = [
    "attn.q_bias", "attn.q_proj.weight", "mlp.w1.weight", "mlp.fc1_g.weight",
  ]

  /// timm's name where others have another.
  private static func renamed(_ name: String) -> String {
    if name == "shared_rel_pos.\(RelativePositions.table)" {
      return RelativePositions.sharedName(RelativePositions.table)
    }
    let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "blocks" else { return name }
    for (own, known) in inside where parts[2] == own || parts[2].hasPrefix("\(own).") {
      return "blocks.\(parts[1]).\(known)\(parts[2].dropFirst(own.count))"
    }
    return name
  }

  /// Joins what stands apart in some models.
  private static func joinParts(_ tensors: inout [String: NamedTensor], file: String) throws {
    try HuggingFaceNames.joinProjections(&tensors, file: file)
    try joinGates(&tensors, file: file)
  }

  /// Joins gates and values, in this order. What is called values without gates is an FFN's first layer.
  static func joinGates(_ tensors: inout [String: NamedTensor], file: String) throws {
    for name in tensors.keys.sorted() where name.contains(".mlp.fc1_g.") {
      let other = name.replacing(".mlp.fc1_g.", with: ".mlp.fc1_x.")
      let parts = [name, other].compactMap { tensors[$0] }
      guard parts.count == 2, let joined = NamedTensor.concatenated(parts) else {
        throw InputError(
          file: file, field: tensors[name]?.origin ?? name,
          expected: "gates and values of one width",
          found: parts.map { "\($0.origin) \($0.shape)" }.joined(separator: ", "))
      }
      (tensors[name], tensors[other]) = (nil, nil)
      let whole = name.replacing(".mlp.fc1_g.", with: ".mlp.fc1.")
      if let other = tensors.updateValue(joined, forKey: whole) {
        throw RenamedTensors.clash(joined, other, whole, file: file)
      }
    }
    for name in tensors.keys.sorted() where name.contains(".mlp.fc1_x.") {
      let whole = name.replacing(".mlp.fc1_x.", with: ".mlp.fc1.")
      guard let tensor = tensors.removeValue(forKey: name) else { continue }
      if let other = tensors.updateValue(tensor, forKey: whole) {
        throw RenamedTensors.clash(tensor, other, whole, file: file)
      }
    }
  }

  /// Tensors that only relatives of ViT have.
  private static let variants = [
    ("blocks.0.attn.gate.weight", "gated attention"),
    ("blocks_token_only.0.gamma_1", "class attention"),
    ("blocks.0.attns.0.qkv.weight", "parallel blocks"),
    ("patch_embed.backbone.conv1.weight", "a ResNet stem"),
  ]
}
