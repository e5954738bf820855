internal import Tensors

/// The names of Hugging Face's `transformers`: ViT, DeiT, ViT-MSN, ViT-MAE, DINOv2 with and without registers,
/// DINOv3, BEiT, data2vec's vision model and I-JEPA, with a classifier or without, as saved files
/// spell them (`vit.encoder.layer.0.attention.attention.query`) and as version 5 does in memory
/// (`vit.layers.0.attention.q_proj`).
enum HuggingFaceNames: NamingScheme {
  static let title = "Hugging Face"
  static let anchors = [
    "vit.embeddings.cls_token", "deit.embeddings.cls_token", "dinov2.embeddings.cls_token",
    "dinov2_with_registers.embeddings.cls_token", "beit.embeddings.cls_token",
    "data2vec_vision.embeddings.cls_token", "embeddings.cls_token",
  ]

  /// What stands before the names of a model inside one with a classifier or a decoder.
  static let inner = [
    "vit.", "deit.", "dinov2.", "dinov2_with_registers.", "beit.", "data2vec_vision.", "ijepa.",
  ]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    var renamed = RenamedTensors(file: file)
    for (name, tensor) in tensors {
      var short = name[...]
      for prefix in inner where short.hasPrefix(prefix) {
        short = short.dropFirst(prefix.count)
      }
      try renamed.add(tensor, as: translated(short))
    }
    var model = NamedModel(tensors: renamed.tensors)
    try joinProjections(&model.tensors, file: file)
    let hasGates = model.tensors["blocks.0.mlp.fc1_g.weight"] != nil
    if hasGates || tensors.keys.contains(where: { $0.hasSuffix("mlp.weights_in.weight") }) {
      model.hints.hasGatesLast = .init(value: false, source: "the names of the FFN's layers")
    }
    try TimmNames.joinGates(&model.tensors, file: file)
    let isDINOv3 = tensors.keys.contains { $0.hasSuffix("embeddings.patch_embeddings.weight") }
    // DINOv3 without registers has a tensor of none.
    if isDINOv3, model.tensors["reg_token"]?.shape.elementCount == 0 {
      model.tensors["reg_token"] = nil
    }
    if model.tensors["reg_token"] != nil, !isDINOv3 {
      try model.insertRegisters("reg_token", file: file)
    }
    let isDeiT = tensors.keys.contains { $0.hasPrefix("deit.") }
    // Whatever parts a BEiT has, its projection of keys alone has no bias.
    let isBEiT = tensors.keys.contains {
      $0.hasSuffix(".lambda_1") || $0.contains("relative_position_bias")
        || $0 == "pooler.layernorm.weight" || $0.hasPrefix("beit.")
        || $0.hasPrefix("data2vec_vision.")
    }
    if isBEiT {
      model.hints.pooling = .init(
        value: model.tensors["fc_norm.weight"] == nil ? .token : .avg,
        source: "transformers' BEiT, by the norm of its pooler")
    }
    let isDINO = tensors.keys.contains { $0.hasSuffix("layer_scale1.lambda1") }
    model.hints.family = isDeiT ? .deit : isBEiT ? .beit : .vit
    let type =
      isDINOv3
      ? "DINOv3" : isDINO ? "DINOv2" : isDeiT ? "DeiT" : isBEiT ? "BEiT" : "ViT"
    model.hints.defaultEpsilon = .init(
      value: isDINOv3 ? 1e-5 : isDINO ? 1e-6 : 1e-12, source: "transformers' default for \(type)")
    model.hints.processor =
      isDINOv3
      ? "DINOv3ViTImageProcessor"
      : isDINO
        ? "BitImageProcessor"
        : isDeiT ? "DeiTImageProcessor" : isBEiT ? "BeitImageProcessor" : "ViTImageProcessor"
    if isDINOv3 {
      model.hints.rotary = .init(value: .dinov3, source: "transformers' default for DINOv3")
    }
    // With registers it is PyTorch's antialiased interpolation, as timm's.
    model.hints.positionResize = model.tensors["reg_token"] == nil ? .transformers : .timm
    if model.tensors["cls_token"] == nil {
      model.hints.pooling = .init(value: .avg, source: "transformers' I-JEPA")
    }
    return model
  }

  private static let outside = [
    "embeddings.cls_token": "cls_token", "embeddings.distillation_token": "dist_token",
    "embeddings.position_embeddings": "pos_embed", "embeddings.register_tokens": "reg_token",
    "embeddings.patch_embeddings.projection": "patch_embed.proj",
    "embeddings.patch_embeddings": "patch_embed.proj", "layernorm": "norm",
    "classifier": "head", "cls_classifier": "head", "distillation_classifier": "head_dist",
    "pooler.layernorm": "fc_norm", "shared_position_bias": "rel_pos_bias",
    "encoder.relative_position_bias": "rel_pos_bias",
  ]

  private static let inside = [
    "attention.attention.query": "attn.q", "attention.attention.key": "attn.k",
    "attention.attention.value": "attn.v", "attention.output.dense": "attn.proj",
    "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2",
    "attention.q_proj": "attn.q", "attention.k_proj": "attn.k", "attention.v_proj": "attn.v",
    "attention.o_proj": "attn.proj", "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2",
    "layernorm_before": "norm1", "layernorm_after": "norm2", "norm1": "norm1", "norm2": "norm2",
    "mlp.weights_in": "mlp.fc1", "mlp.weights_out": "mlp.fc2", "mlp.gate_proj": "mlp.fc1_g",
    "mlp.up_proj": "mlp.fc1_x", "mlp.down_proj": "mlp.fc2",
    "attention.attention.relative_position_bias": "attn", "relative_position_bias": "attn",
  ]

  /// timm's name; names that are not known stay, and are reported as unexpected.
  private static func translated(_ name: Substring) -> String {
    if let known = outside[String(name)] { return known }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let kind = parts.last, parts.count > 1 else { return String(name) }
    let body = parts.dropLast().joined(separator: ".")
    if let known = outside[body] { return "\(known).\(kind)" }
    for prefix in ["encoder.layer.", "layers.", "layer.", "model.layer."]
    where body.hasPrefix(prefix) {
      let rest = body.dropFirst(prefix.count)
      let number = rest.prefix { $0 != "." }
      guard let block = RenamedTensors.block(number) else { break }
      let part = String(rest.dropFirst(number.count + 1))
      if let scale = ["layer_scale1": "ls1", "layer_scale2": "ls2"][part], kind == "lambda1" {
        return "blocks.\(block).\(scale).gamma"
      }
      if part.isEmpty, let scale = ["lambda_1": "ls1", "lambda_2": "ls2"][kind] {
        return "blocks.\(block).\(scale).gamma"
      }
      guard let known = inside[part] else { break }
      return "blocks.\(block).\(known).\(kind)"
    }
    return String(name)
  }

  /// Joins query, key and value to timm's `attn.qkv`.
  static func joinProjections(_ tensors: inout [String: NamedTensor], file: String) throws {
    for name in tensors.keys.sorted() where name.contains(".attn.q.") {
      let names = ["q", "k", "v"].map { name.replacing(".attn.q.", with: ".attn.\($0).") }
      var parts = names.compactMap { tensors[$0] }
      // Keys may have no bias.
      if name.hasSuffix(".bias"), tensors[names[1]] == nil, parts.count == 2 {
        parts.insert(.zeros(shape: parts[0].shape), at: 1)
      }
      guard parts.count == 3, let joined = NamedTensor.concatenated(parts) else {
        throw InputError(
          file: file, field: tensors[name]?.origin ?? name,
          expected: "query, key and value of one width",
          found: parts.map { "\($0.origin) \($0.shape)" }.joined(separator: ", "))
      }
      for part in names { tensors[part] = nil }
      let whole = name.replacing(".attn.q.", with: ".attn.qkv.")
      if let other = tensors.updateValue(joined, forKey: whole) {
        throw RenamedTensors.clash(joined, other, whole, file: file)
      }
    }
  }
}

extension String {
  /// The text with every occurrence of `part` replaced.
  func replacing(_ part: String, with other: String) -> String {
    var result = ""
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(part) {
        result += other
        rest = rest.dropFirst(part.count)
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result
  }
}
