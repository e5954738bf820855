internal import Tensors

/// Reads off a checkpoint's tensors what their names and shapes determine.
struct ShapeReader {
  let tensors: TensorSet
  let config: ConfigFile

  /// The configuration as far as shapes go, and why this family is tried.
  func read() throws -> (config: ViTConfig, reason: String) {
    let token = try shape("cls_token", rank: 3)
    let positions = try shape("pos_embed", rank: 3)
    let patch = try shape("patch_embed.proj.weight", rank: 4)
    var config = ViTConfig()
    var reason = "tensors named as \(tensors.scheme) does"
    config.embedDim = token[2]
    config.depth = tensors.blockCount()
    config.hiddenDim = try shape("blocks.0.mlp.fc1.weight", rank: 2)[0]
    config.classes = try shape("head.weight", rank: 2)[0]
    config.prefixTokens = tensors.has("dist_token") ? 2 : 1
    config.hasSecondHead = tensors.has("head_dist.weight")
    config.hasLayerScale = tensors.has("blocks.0.ls1.gamma")
    config.hasQKVBias = tensors.has("blocks.0.attn.qkv.bias")
    config.patchSize = patch[3]
    if let stem = tensors.shape("patch_embed.conv1.weight"), stem.count == 4 {
      config.family = .lvvit
      config.stemChannels = stem[0]
      config.hasStemNorms = tensors.has("patch_embed.bn1.weight")
      config.patchSize = patch[3] * 2
      reason = "a convolution stem as in TokenLabeling"
    } else if config.prefixTokens == 2 {
      reason += ", with a dist_token"
    }
    for (value, field) in [
      (config.embedDim, "cls_token"), (config.depth, "blocks.0"),
      (config.hiddenDim, "blocks.0.mlp.fc1.weight"), (config.classes, "head.weight"),
      (config.patchSize, "patch_embed.proj.weight"),
    ] where !(1...65536).contains(value) {
      throw InputError(
        file: tensors.file, field: field, expected: "extents from 1 to 65536", found: "\(value)")
    }
    if let grid = try grid(positions[1] - config.prefixTokens, config.patchSize) {
      setGrid(grid, &config)
    } else if let grid = try grid(positions[1], config.patchSize) {
      config.hasPatchOnlyPositions = true
      setGrid(grid, &config)
      reason += ", positions for patches only"
    } else {
      throw InputError(
        file: tensors.file, field: "pos_embed",
        expected: "\(config.prefixTokens) + g x g positions, or g x g", found: "\(positions)")
    }
    if config.family != .lvvit {
      if config.hasPatchOnlyPositions || config.hasLayerScale {
        config.family = .deit3
      } else if let told = tensors.hints.family {
        config.family = told
      }
    }
    return (config, reason)
  }

  /// The shape of a tensor that nothing can be said without.
  private func shape(_ name: String, rank: Int) throws -> [Int] {
    guard let tensor = tensors.tensors[name], tensor.shape.rank == rank else {
      throw InputError(
        file: tensors.file, field: name,
        expected: "\(rank) axes, as in every ViT (named as \(tensors.scheme) does)",
        found: tensors.shape(name).map { "\($0)" } ?? "no such tensor")
    }
    return tensor.shape.extents
  }

  private func setGrid(_ grid: (height: Int, width: Int), _ config: inout ViTConfig) {
    config.imageHeight = grid.height * config.patchSize
    config.imageWidth = grid.width * config.patchSize
  }

  /// The grid of `count` patch tokens: the configured picture's if it has that many, else square.
  private func grid(_ count: Int, _ patchSize: Int) throws -> (height: Int, width: Int)? {
    guard count > 0, count <= 1 << 26 else { return nil }
    if let image = try tensors.hints.imageSize ?? config.imageSize() {
      let (height, width) = (image.height / patchSize, image.width / patchSize)
      if height * width == count { return (height, width) }
    }
    let side = Int(Double(count).squareRoot().rounded())
    return side * side == count ? (side, side) : nil
  }
}
