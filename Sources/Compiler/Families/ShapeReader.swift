internal import Tensors

/// Reads off a checkpoint's tensors what their names and shapes determine.
struct ShapeReader {
  let tensors: TensorSet
  let config: ModelConfig

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
    config.prefixTokens = tensors.has("dist_token") ? 2 : 1
    // Of LV-ViT nobody has one without.
    let hasHead = tensors.has("head.weight") || tensors.has("patch_embed.conv1.weight")
    config.classes = hasHead ? try shape("head.weight", rank: 2)[0] : 0
    if config.classes == 0 {
      config.poolerWidth = try tensors.shape("pooler.dense.weight").map { _ in
        try shape("pooler.dense.weight", rank: 2)[0]
      }
      config.averagesDistillation = config.prefixTokens == 2 && tensors.scheme == TimmNames.title
    }
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
      (config.hiddenDim, "blocks.0.mlp.fc1.weight"),
      (hasHead ? config.classes : 1, "head.weight"),
      (config.poolerWidth ?? 1, "pooler.dense.weight"),
      (config.patchSize, "patch_embed.proj.weight"),
    ] where !(1...65536).contains(value) {
      throw InputError(
        file: tensors.file, field: field, expected: "extents from 1 to 65536", found: "\(value)")
    }
    let image = try self.image()
    if let extents = try extents(positions[1] - config.prefixTokens, config.patchSize, image) {
      (config.imageHeight, config.imageWidth) = extents
    } else if let extents = try extents(positions[1], config.patchSize, image) {
      config.hasPatchOnlyPositions = true
      (config.imageHeight, config.imageWidth) = extents
      reason += ", positions for patches only"
    } else if let image {
      throw InputError(
        file: image.file, field: image.field,
        expected: "an image of \(positions[1]) positions, with or without \(config.prefixTokens) "
          + "in front of the patches, in patches of \(config.patchSize)",
        found: "\(image.height) x \(image.width), which has "
          + "\(image.height / config.patchSize) x \(image.width / config.patchSize) patches")
    } else {
      throw InputError(
        file: tensors.file, field: "pos_embed",
        expected: "\(config.prefixTokens) + g x g positions, or g x g; img_size or image_size of a "
          + "config.json tells other grids",
        found: "\(positions)")
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

  /// Records where the image's extents come from: an assumption where only the number of positions tells
  /// them, or where timm would not take them from the configuration.
  func recordImage(_ source: ViTConfig, _ choice: ArchitectureChoice, _ decisions: inout Decisions)
    throws
  {
    let extents = "\(source.imageHeight) x \(source.imageWidth)"
    if let image = try image() {
      guard image.isWeak, (source.imageHeight, source.imageWidth) != (224, 224) else {
        decisions.told("image_size", extents, from: "\(image.file): \(image.field)")
        return
      }
      decisions.assumed(
        "image_size", extents, "as \(image.field) and the positions have it",
        or: "timm reads \(image.field) only where fixed_input_size is true and "
          + "dynamic_img_size is not, else it resizes to its own size; img_size decides")
    } else if choice.namedBy != nil, choice.isExact {
      decisions.told("image_size", extents, from: "\(choice.chosen?.name ?? "")")
    } else {
      decisions.assumed(
        "image_size", extents, "as \(source.patchTokens) positions make a square",
        or: "img_size or image_size of a config.json decides")
    }
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

  /// The extents that something tells, and what does.
  private struct Image {
    var height: Int
    var width: Int
    var file: String
    var field: String

    /// timm takes it only for models of a fixed size.
    var isWeak = false
  }

  /// What the graph or the configuration says of the image.
  private func image() throws -> Image? {
    if let told = tensors.hints.imageSize {
      return Image(height: told.height, width: told.width, file: tensors.file, field: "input")
    }
    if let found = config.model("img_size", "image_size") {
      let (height, width) = try config.extents(found)
      return Image(height: height, width: width, file: config.path, field: found.field)
    }
    guard let size = try config.inputExtents() else { return nil }
    return Image(
      height: size.height, width: size.width, file: config.path, field: size.field,
      isWeak: try !config.hasFixedSize())
  }

  /// The extents of an image with `count` patches: the one that is told, if it has that many, or, if
  /// none is, a square one. What is left behind the last whole patch is not looked at, as in a
  /// convolution.
  private func extents(_ count: Int, _ patchSize: Int, _ image: Image?) throws
    -> (height: Int, width: Int)?
  {
    guard count > 0, count <= 1 << 26 else { return nil }
    if let image {
      let patches = (image.height / patchSize) * (image.width / patchSize)
      return patches == count ? (image.height, image.width) : nil
    }
    let side = Int(Double(count).squareRoot().rounded())
    return side * side == count && side * patchSize <= 65536
      ? (side * patchSize, side * patchSize) : nil
  }
}
