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
    model.hints.pooling = .init(value: .token, source: "open_clip's vision tower")
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
    "attn.out_proj.bias": "attn.proj.bias", "mlp.c_fc.weight": "mlp.fc1.weight",
    "mlp.c_fc.bias": "mlp.fc1.bias", "mlp.c_proj.weight": "mlp.fc2.weight",
    "mlp.c_proj.bias": "mlp.fc2.bias", "ls_1.gamma": "ls1.gamma", "ls_2.gamma": "ls2.gamma",
  ]

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
