internal import Tensors

/// The names of transformers' CLIP and SigLIP (`vision_model.encoder.layers.0.self_attn.q_proj`), the vision tower
/// alone or beside the text's, with a projection or a classifier.
enum VisionTowerNames: NamingScheme {
  static let title = "Hugging Face"
  static let anchors = [
    "vision_model.embeddings.patch_embedding.weight", "embeddings.patch_embedding.weight",
  ]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    var renamed = RenamedTensors(file: file)
    for (name, tensor) in tensors {
      let short =
        name.hasPrefix("vision_model.") ? name.dropFirst("vision_model.".count) : name[...]
      try renamed.add(try reshaped(tensor, short), as: translated(short))
    }
    var model = NamedModel(tensors: renamed.tensors)
    try HuggingFaceNames.joinProjections(&model.tensors, file: file)
    try splitPoolingProjections(&model.tensors, file: file)
    let isCLIP = model.tensors["norm_pre.weight"] != nil
    let library = "transformers' \(isCLIP ? "CLIP" : "SigLIP")"
    if model.tensors["head.weight"] != nil {
      // The classifier reads the mean of the patch tokens; CLIP's as they leave the blocks.
      model.hints.pooling = .init(value: .avg, source: library)
      model.hints.hasNoFinalNorm = isCLIP
      let unread = isCLIP ? "norm." : "attn_pool."
      model.tensors = model.tensors.filter { !$0.key.hasPrefix(unread) }
    } else if isCLIP || model.tensors["attn_pool.latent"] != nil {
      model.hints.pooling = .init(value: isCLIP ? .token : .map, source: library)
    }
    model.hints.family = .vit
    model.hints.defaultEpsilon = .init(
      value: isCLIP ? 1e-5 : 1e-6, source: "\(library), by default")
    model.hints.processor = isCLIP ? "CLIPImageProcessor" : "SiglipImageProcessor"
    model.hints.positionResize = .transformers
    return model
  }

  /// Tokens and positions with the axes that timm's have.
  private static func reshaped(_ tensor: NamedTensor, _ name: Substring) throws -> NamedTensor {
    let extents = tensor.shape.extents
    switch (name, extents.count) {
    case ("embeddings.class_embedding", 1): return tensor.reshaped([1, 1, extents[0]]) ?? tensor
    case ("embeddings.position_embedding.weight", 2):
      return tensor.reshaped([1, extents[0], extents[1]]) ?? tensor
    default: return tensor
    }
  }

  private static let outside = [
    "embeddings.class_embedding": "cls_token",
    "embeddings.position_embedding.weight": "pos_embed",
    "embeddings.patch_embedding.weight": "patch_embed.proj.weight",
    "embeddings.patch_embedding.bias": "patch_embed.proj.bias",
    "head.probe": "attn_pool.latent", "visual_projection.weight": "projection.weight",
    "head.attention.in_proj_weight": "attn_pool.in_proj.weight",
    "head.attention.in_proj_bias": "attn_pool.in_proj.bias",
  ]

  private static let layers = [
    "pre_layrnorm": "norm_pre", "post_layernorm": "norm", "classifier": "head",
    "head.attention.out_proj": "attn_pool.proj", "head.layernorm": "attn_pool.norm",
    "head.mlp.fc1": "attn_pool.mlp.fc1", "head.mlp.fc2": "attn_pool.mlp.fc2",
  ]

  private static let inside = [
    "layer_norm1": "norm1", "layer_norm2": "norm2", "self_attn.q_proj": "attn.q",
    "self_attn.k_proj": "attn.k", "self_attn.v_proj": "attn.v", "self_attn.out_proj": "attn.proj",
    "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2",
  ]

  /// timm's name; names that are not known stay, and are reported as unexpected.
  private static func translated(_ name: Substring) -> String {
    if let known = outside[String(name)] { return known }
    guard let dot = name.lastIndex(of: ".") else { return String(name) }
    let (body, kind) = (name[..<dot], name[dot...])
    if let known = layers[String(body)] { return known + kind }
    let prefix = "encoder.layers."
    guard body.hasPrefix(prefix) else { return String(name) }
    let rest = body.dropFirst(prefix.count)
    guard let end = rest.firstIndex(of: "."), let block = RenamedTensors.block(rest[..<end]),
      let known = inside[String(rest[rest.index(after: end)...])]
    else { return String(name) }
    return "blocks.\(block).\(known)\(kind)"
  }

  /// Query, key and value of the pooling, which lie one behind the other: timm's `q` and `kv`.
  static func splitPoolingProjections(
    _ tensors: inout [String: NamedTensor], file: String
  ) throws {
    for kind in ["weight", "bias"] {
      guard let joined = tensors.removeValue(forKey: "attn_pool.in_proj.\(kind)") else { continue }
      let width = joined.shape.rank > 0 ? joined.shape[0] / 3 : 0
      guard width > 0, let query = joined.rows(0..<width),
        let rest = joined.rows(width..<3 * width),
        joined.shape[0] == 3 * width
      else {
        throw InputError(
          file: file, field: joined.origin, expected: "rows of query, key and value",
          found: "\(joined.shape)")
      }
      tensors["attn_pool.q.\(kind)"] = query
      tensors["attn_pool.kv.\(kind)"] = rest
    }
  }
}
