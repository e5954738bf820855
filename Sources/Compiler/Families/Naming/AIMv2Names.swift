internal import Tensors

/// The names of transformers' AIMv2 (`encoder.layers.0.ffn.gate_proj`), the vision model with its pooling or without.
enum AIMv2Names: NamingScheme {
  static let title = "Hugging Face"
  static let anchors = ["embeddings.rms_norm.weight"]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    var renamed = RenamedTensors(file: file)
    for (name, tensor) in tensors {
      var tensor = tensor
      if name == "embeddings.position_embedding.weight", tensor.shape.rank == 2 {
        tensor = tensor.reshaped([1, tensor.shape[0], tensor.shape[1]]) ?? tensor
      }
      try renamed.add(tensor, as: translated(name))
    }
    var model = NamedModel(tensors: renamed.tensors)
    try HuggingFaceNames.joinProjections(&model.tensors, file: file)
    try joinPoolingProjections(&model.tensors, file: file)
    try TimmNames.joinGates(&model.tensors, file: file)
    let library = "transformers' AIMv2"
    model.hints.hasGatesLast = .init(value: false, source: "the names of the FFN's layers")
    if model.tensors["attn_pool.query"] != nil {
      model.hints.pooling = .init(value: .map, source: library)
    }
    model.hints.family = .vit
    model.hints.defaultEpsilon = .init(value: 1e-5, source: "\(library), by default")
    model.hints.processor = "CLIPImageProcessor"
    // transformers has no other size of it.
    model.hints.positionResize = .timm
    return model
  }

  private static let outside = [
    "embeddings.patch_embed.weight": "patch_embed.proj.weight",
    "embeddings.patch_embed.bias": "patch_embed.proj.bias",
    "embeddings.rms_norm.weight": "patch_embed.norm.weight",
    "embeddings.position_embedding.weight": "pos_embed", "rms_norm.weight": "norm.weight",
    "head.cls_token": "attn_pool.query", "head.output_proj.weight": "attn_pool.proj.weight",
    "head.output_proj.bias": "attn_pool.proj.bias", "head.k_proj.weight": "attn_pool.k.weight",
    "head.k_proj.bias": "attn_pool.k.bias", "head.v_proj.weight": "attn_pool.v.weight",
    "head.v_proj.bias": "attn_pool.v.bias",
  ]

  private static let inside = [
    "attention.q_proj": "attn.q", "attention.k_proj": "attn.k", "attention.v_proj": "attn.v",
    "attention.out_proj": "attn.proj", "ffn.gate_proj": "mlp.fc1_g", "ffn.up_proj": "mlp.fc1_x",
    "ffn.down_proj": "mlp.fc2", "rms_norm1": "norm1", "rms_norm2": "norm2",
  ]

  /// timm's name; names that are not known stay, and are reported as unexpected.
  private static func translated(_ name: String) -> String {
    if let known = outside[name] { return known }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 4, parts[0] == "encoder", parts[1] == "layers",
      let block = RenamedTensors.block(parts[2]), let kind = parts.last,
      let known = inside[parts[3..<parts.count - 1].joined(separator: ".")]
    else { return name }
    return "blocks.\(block).\(known).\(kind)"
  }

  /// Joins keys and values of the pooling.
  private static func joinPoolingProjections(
    _ tensors: inout [String: NamedTensor], file: String
  ) throws {
    for kind in ["weight", "bias"] {
      let names = ["attn_pool.k.\(kind)", "attn_pool.v.\(kind)"]
      let parts = names.compactMap { tensors.removeValue(forKey: $0) }
      guard !parts.isEmpty else { continue }
      guard parts.count == 2, let joined = NamedTensor.concatenated(parts) else {
        throw InputError(
          file: file, field: parts[0].origin, expected: "keys and values of one width",
          found: parts.map { "\($0.origin) \($0.shape)" }.joined(separator: ", "))
      }
      tensors["attn_pool.kv.\(kind)"] = joined
    }
  }
}
