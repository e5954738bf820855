internal import Tensors

/// The names of OpenAI's CLIP and of open_clip (`visual.transformer.resblocks.0.attn.in_proj_weight`), whose features
/// are projected. What a file says of the activation is nothing: OpenAI's own weights have QuickGELU.
enum OpenCLIPNames: NamingScheme {
  static let title = "open_clip"
  static let anchors = ["visual.transformer.resblocks.0.attn.in_proj_weight"]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    var renamed = RenamedTensors(file: file)
    for (name, tensor) in tensors {
      let extents = tensor.shape.extents
      switch name {
      case "visual.class_embedding" where extents.count == 1:
        try renamed.add(tensor.reshaped([1, 1, extents[0]]) ?? tensor, as: "cls_token")
      case "visual.positional_embedding" where extents.count == 2:
        try renamed.add(
          tensor.reshaped([1, extents[0], extents[1]]) ?? tensor, as: "pos_embed")
      case "visual.proj" where extents.count == 2:
        try renamed.add(tensor.transposed([1, 0]), as: "projection.weight")
      default: try renamed.add(tensor, as: translated(name))
      }
    }
    var model = NamedModel(tensors: renamed.tensors)
    model.hints.family = .vit
    model.hints.usualPooling = .init(value: .token, source: "as OpenAI's CLIP has it")
    model.hints.defaultEpsilon = .init(value: 1e-5, source: "as open_clip has it")
    model.hints.positionResize = .timm
    model.hints.transform = .init(
      value: {
        var transform = TimmTransform(cropShare: 1, cropMode: .center, interpolation: .bicubic)
        (transform.mean, transform.standardDeviation) = (
          Statistics.clipMean, Statistics.clipDeviation
        )
        return transform
      }(), source: "as OpenAI's CLIP has it")
    return model
  }

  private static let outside = [
    "visual.conv1.weight": "patch_embed.proj.weight", "visual.ln_pre.weight": "norm_pre.weight",
    "visual.ln_pre.bias": "norm_pre.bias", "visual.ln_post.weight": "norm.weight",
    "visual.ln_post.bias": "norm.bias",
  ]

  private static let inside = [
    "ln_1.weight": "norm1.weight", "ln_1.bias": "norm1.bias", "ln_2.weight": "norm2.weight",
    "ln_2.bias": "norm2.bias", "attn.in_proj_weight": "attn.qkv.weight",
    "attn.in_proj_bias": "attn.qkv.bias", "attn.out_proj.weight": "attn.proj.weight",
    "attn.ln_q.weight": "attn.q_norm.weight", "attn.ln_q.bias": "attn.q_norm.bias",
    "attn.ln_k.weight": "attn.k_norm.weight", "attn.ln_k.bias": "attn.k_norm.bias",
    "attn.ln_inner.weight": "attn.norm.weight", "attn.ln_inner.bias": "attn.norm.bias",
    "mlp.ln.weight": "mlp.norm.weight", "mlp.ln.bias": "mlp.norm.bias",
    "attn.out_proj.bias": "attn.proj.bias", "mlp.c_fc.weight": "mlp.fc1.weight",
    "mlp.c_fc.bias": "mlp.fc1.bias", "mlp.c_proj.weight": "mlp.fc2.weight",
    "mlp.c_proj.bias": "mlp.fc2.bias", "ls_1.gamma": "ls1.gamma", "ls_2.gamma": "ls2.gamma",
  ]

  /// Of a tower that is a model of timm's, what makes the features: a layer behind it, or timm's classifier in its place.
  static func moveProjection(in tensors: inout [String: NamedTensor]) {
    let trunk = "visual.trunk."
    guard tensors.keys.contains(where: { $0.hasPrefix(trunk) }) else { return }
    let source = tensors["visual.head.proj.weight"] != nil ? "visual.head.proj" : "\(trunk)head"
    for kind in ["weight", "bias"] {
      if let tensor = tensors.removeValue(forKey: "\(source).\(kind)") {
        tensors["\(trunk)projection.\(kind)"] = tensor
      }
    }
  }

  /// timm's name; names that are not known stay, and are reported as unexpected.
  private static func translated(_ name: String) -> String {
    if let known = outside[name] { return known }
    let prefix = "visual.transformer.resblocks."
    guard name.hasPrefix(prefix) else { return name }
    let rest = name.dropFirst(prefix.count)
    guard let dot = rest.firstIndex(of: "."), let block = RenamedTensors.block(rest[..<dot]),
      let known = inside[String(rest[rest.index(after: dot)...])]
    else { return name }
    return "blocks.\(block).\(known)"
  }
}
