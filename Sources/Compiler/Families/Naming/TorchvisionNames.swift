internal import Tensors

/// The names of torchvision's `VisionTransformer`; query, key and value are stacked in `in_proj_weight`,
/// as in every `torch.nn.MultiheadAttention`.
enum TorchvisionNames: NamingScheme {
  static let title = "torchvision"
  static let anchors = ["encoder.layers.encoder_layer_0.self_attention.in_proj_weight"]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    var renamed = RenamedTensors(file: file)
    for (name, tensor) in tensors { try renamed.add(tensor, as: translated(name)) }
    var model = NamedModel(tensors: renamed.tensors)
    model.hints.family = .vit
    model.hints.positionResize = .torchvision
    model.hints.pooling = .init(value: .token, source: "torchvision's ViT")
    model.hints.defaultEpsilon = .init(value: 1e-6, source: "as torchvision's ViT has it")
    model.hints.transform = .init(
      value: TimmTransform(cropShare: 0.875, cropMode: .center, interpolation: .bilinear),
      source: "as torchvision's IMAGENET1K_V1 weights have it")
    return model
  }

  private static let outside = [
    "class_token": "cls_token", "encoder.pos_embedding": "pos_embed",
    "conv_proj.weight": "patch_embed.proj.weight", "conv_proj.bias": "patch_embed.proj.bias",
    "encoder.ln.weight": "norm.weight", "encoder.ln.bias": "norm.bias",
    "heads.head.weight": "head.weight", "heads.head.bias": "head.bias",
  ]

  private static let inside = [
    "ln_1.weight": "norm1.weight", "ln_1.bias": "norm1.bias",
    "ln_2.weight": "norm2.weight", "ln_2.bias": "norm2.bias",
    "self_attention.in_proj_weight": "attn.qkv.weight",
    "self_attention.in_proj_bias": "attn.qkv.bias",
    "self_attention.out_proj.weight": "attn.proj.weight",
    "self_attention.out_proj.bias": "attn.proj.bias",
    "mlp.0.weight": "mlp.fc1.weight", "mlp.0.bias": "mlp.fc1.bias",
    "mlp.3.weight": "mlp.fc2.weight", "mlp.3.bias": "mlp.fc2.bias",
    "mlp.linear_1.weight": "mlp.fc1.weight", "mlp.linear_1.bias": "mlp.fc1.bias",
    "mlp.linear_2.weight": "mlp.fc2.weight", "mlp.linear_2.bias": "mlp.fc2.bias",
  ]

  /// timm's name; names that are not known stay, and are reported as unexpected.
  private static func translated(_ name: String) -> String {
    if let known = outside[name] { return known }
    let prefix = "encoder.layers.encoder_layer_"
    guard name.hasPrefix(prefix) else { return name }
    let rest = name.dropFirst(prefix.count)
    guard let dot = rest.firstIndex(of: "."), let block = RenamedTensors.block(rest[..<dot]),
      let known = inside[String(rest[rest.index(after: dot)...])]
    else { return name }
    return "blocks.\(block).\(known)"
  }
}
