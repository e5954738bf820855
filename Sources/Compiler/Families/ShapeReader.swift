internal import ModelFacts
internal import Tensors

/// Reads off a checkpoint's tensors what their names and shapes determine.
struct ShapeReader {
  let tensors: TensorSet
  let config: ModelConfig

  /// The model that is named.
  let named: Architecture?

  /// The configuration as far as shapes go, and why this family is tried.
  func read() throws -> (config: ViTConfig, reason: String) {
    let patch = try shape("patch_embed.proj.weight", rank: 4)
    var config = ViTConfig()
    var reason = "tensors named as \(tensors.scheme) does"
    config.embedDim = patch[0]
    config.depth = tensors.blockCount()
    try readBlock(&config)
    config.channels = patch[1]
    (config.patchHeight, config.patchWidth) = (patch[2], patch[3])
    try readTokens(&config)
    if let stem = tensors.shape("patch_embed.conv1.weight"), stem.count == 4 {
      config.family = .lvvit
      config.channels = stem[1]
      config.stemChannels = stem[0]
      config.hasStemNorms = tensors.has("patch_embed.bn1.weight")
      (config.patchHeight, config.patchWidth) = (patch[2] * 2, patch[3] * 2)
      reason = "a convolution stem as in TokenLabeling"
    } else if config.hasDistillationToken {
      reason += ", with a dist_token"
    }
    try readEnding(&config)
    for (value, field) in [
      (config.embedDim, "patch_embed.proj.weight"), (config.depth, "blocks.0"),
      (config.hiddenDim, "blocks.0.mlp.fc2.weight"),
      (config.patchHeight, "patch_embed.proj.weight"),
      (config.patchWidth, "patch_embed.proj.weight"),
    ] where !(1...65536).contains(value) {
      throw InputError(
        file: tensors.file, field: field, expected: "extents from 1 to 65536", found: "\(value)")
    }
    guard PreprocessFacts.channelCounts.contains(config.channels) else {
      throw InputError(
        .unsupported, file: tensors.file, field: "patch_embed.proj.weight",
        expected: "1 to \(PreprocessFacts.channelCounts.upperBound) channels",
        found: "\(config.channels)")
    }
    try readImage(&config, &reason)
    if config.family != .lvvit {
      let isDeiT3 = config.isPlain && (config.hasPatchOnlyPositions || config.hasLayerScale)
      if isDeiT3, tensors.scheme != HuggingFaceNames.title {
        config.family = .deit3
      } else if let told = tensors.hints.family {
        config.family = told
      } else if !config.isPlain {
        config.family = .vit
      }
    }
    return (config, reason)
  }

  /// What the first block shows of all.
  private func readBlock(_ config: inout ViTConfig) throws {
    let first = try shape("blocks.0.mlp.fc1.weight", rank: 2)[0]
    config.hiddenDim = try shape("blocks.0.mlp.fc2.weight", rank: 2)[1]
    config.isGated = first > 0 && first % 2 == 0 && first / 2 == config.hiddenDim
    config.hasLayerScale = tensors.has("blocks.0.ls1.gamma")
    config.hasQKVBias = tensors.has("blocks.0.attn.qkv.bias")
    config.hasProjectionBias = tensors.has("blocks.0.attn.proj.bias")
    config.hasFFNBias = tensors.has("blocks.0.mlp.fc1.bias")
    config.hasInnerNorm = tensors.has("blocks.0.mlp.norm.weight")
    config.hasAttentionNorm = tensors.has("blocks.0.attn.norm.weight")
    config.headNormWidth = try extent("blocks.0.attn.q_norm.weight", rank: 1)
    config.hasRMSNorms =
      tensors.has("blocks.0.norm1.weight") && !tensors.has("blocks.0.norm1.bias")
    config.hasPositions = tensors.has("pos_embed")
    try readRelativePositions(&config)
    if tensors.has("rope.freqs") {
      config.frequencyHeads = try shape("rope.freqs", rank: 4)[2]
    }
    if tensors.has(RotaryTable.tensor) {
      config.rotaryTable = .init(try shape(RotaryTable.tensor, rank: 4))
    }
  }

  /// Tables of relative positions, or the networks that make them.
  private func readRelativePositions(_ config: inout ViTConfig) throws {
    for (part, isNetwork) in [(RelativePositions.table, false), ("mlp.fc1.weight", true)] {
      let (own, shared) = (
        RelativePositions.name(block: 0, part), RelativePositions.sharedName(part)
      )
      guard let name = [own, shared].first(where: tensors.has) else { continue }
      config.relative = RelativePositions(
        isInBlocks: tensors.has(own), isShared: tensors.has(shared),
        networkWidth: isNetwork ? try shape(name, rank: 2)[0] : nil)
      let end = isNetwork ? name.dropLast("fc1.weight".count) + "fc2.weight" : name[...]
      config.tableHeads = try shape(String(end), rank: 2)[isNetwork ? 0 : 1]
      if isNetwork { config.relative?.isBounded = !tensors.has(end.dropLast(6) + "bias") }
    }
    config.hasRelativeIndices = tensors.tensors.keys.contains {
      $0.hasSuffix(".\(RelativePositions.index)")
    }
  }

  /// The tokens in front of the patch tokens.
  private func readTokens(_ config: inout ViTConfig) throws {
    config.hasClassToken = tensors.has("cls_token")
    config.hasDistillationToken = config.hasClassToken && tensors.has("dist_token")
    if tensors.has("reg_token") {
      config.registerTokens = try shape("reg_token", rank: 3)[1]
      guard (1...15).contains(config.registerTokens) else {
        throw InputError(
          file: tensors.file, field: "reg_token", expected: "1 to 15 register tokens",
          found: "\(config.registerTokens)")
      }
    }
    config.hasPreNorm = tensors.has("norm_pre.weight")
    config.hasPatchNorm = tensors.has("patch_embed.norm.weight")
    config.hasPatchBias =
      tensors.has("patch_embed.proj.bias")
      || !config.hasPreNorm && tensors.scheme != OpenCLIPNames.title
  }

  /// What lies behind the blocks.
  private func readEnding(_ config: inout ViTConfig) throws {
    config.hasPooledNorm = tensors.has("fc_norm.weight")
    let isWithoutNorm =
      try config.hasPooledNorm || named?.hasFinalNorm == false || tensors.hints.hasNoFinalNorm
      || self.config.model("final_norm", "use_post_transformer_norm").map {
        try !self.config.boolean($0)
      } == true
    config.hasFinalNorm =
      !isWithoutNorm || !config.hasPooledNorm && tensors.has("norm.weight")
    config.attentionPoolHidden = try extent("attn_pool.mlp.fc1.weight")
    // Of a query alone, or of one with a layer's output and an FFN.
    let hasQuery = tensors.has("attn_pool.query")
    config.poolsByQuery = hasQuery && config.attentionPoolHidden == nil
    config.hasPoolQuery = hasQuery && config.attentionPoolHidden != nil
    config.hasSecondHead = tensors.has("head_dist.weight")
    // Of LV-ViT nobody has one without.
    let hasHead = tensors.has("head.weight") || config.family == .lvvit
    guard !hasHead else {
      let head = try shape("head.weight", rank: 2)
      config.headReadsMean = config.hasClassToken && head[1] == 2 * config.embedDim
      config.classes = head[0]
      guard (1...65536).contains(head[0]) else {
        throw InputError(
          file: tensors.file, field: "head.weight", expected: "1 to 65536 classes",
          found: "\(head[0])")
      }
      return
    }
    config.poolerWidth = try extent("pooler.dense.weight")
    config.projectionWidth = try extent("projection.weight")
    config.hasFeatureBias = tensors.has("projection.bias")
    config.averagesDistillation =
      config.hasDistillationToken
      && (tensors.scheme == TimmNames.title || tensors.hints.averagesDistillation)
  }

  /// The outputs of a layer, if it is there.
  private func extent(_ name: String, rank: Int = 2) throws -> Int? {
    guard tensors.has(name) else { return nil }
    let outputs = try shape(name, rank: rank)[0]
    guard (1...65536).contains(outputs) else {
      throw InputError(
        file: tensors.file, field: name, expected: "1 to 65536 outputs", found: "\(outputs)")
    }
    return outputs
  }

  /// The image's extents, and which tokens have positions.
  private func readImage(_ config: inout ViTConfig, _ reason: inout String) throws {
    let image = try self.image()
    guard config.hasPositions else {
      if let relative = config.relative, relative.showsGrid {
        return try readGrid(&config, relative, image)
      }
      // Where nothing tells it, it is what a model of these shapes has.
      (config.imageHeight, config.imageWidth) =
        image.map { ($0.height, $0.width) }
        ?? named.map { ($0.imageHeight, $0.imageWidth) } ?? (0, 0)
      reason += ", no table of positions"
      return
    }
    let positions = try shape("pos_embed", rank: 3)
    if let extents = try extents(positions[1] - config.prefixTokens, config, image) {
      (config.imageHeight, config.imageWidth) = extents
    } else if let extents = try extents(positions[1], config, image) {
      config.hasPatchOnlyPositions = true
      (config.imageHeight, config.imageWidth) = extents
      reason += ", positions for patches only"
    } else if let image {
      throw InputError(
        file: image.file, field: image.field,
        expected: "an image of \(positions[1]) positions, with or without \(config.prefixTokens) "
          + "in front of the patches, in patches of \(config.patchWords)",
        found: "\(image.height) x \(image.width), which has "
          + "\(image.height / config.patchHeight) x \(image.width / config.patchWidth) patches")
    } else {
      throw InputError(
        file: tensors.file, field: "pos_embed",
        expected: "\(config.prefixTokens) + n positions, or n, where n patches of "
          + "\(config.patchWords) make a square image; img_size or image_size of a config.json "
          + "tells other ones",
        found: "\(positions)")
    }
  }

  /// The image's extents from a table of relative positions.
  private func readGrid(
    _ config: inout ViTConfig, _ relative: RelativePositions, _ image: Image?
  ) throws {
    let name = relative.names(RelativePositions.table, depth: 1)[0]
    let entries = try shape(name, rank: 2)[0]
    let patchEntries = entries - 3 * config.prefixTokens
    if let image {
      // Extents that do not suit the table are found where its shape is compared.
      (config.imageHeight, config.imageWidth) = (image.height, image.width)
      return
    }
    let root = Int(Double(max(0, min(patchEntries, 1 << 26))).squareRoot().rounded())
    let side = (root + 1) / 2
    guard root % 2 == 1, root * root == patchEntries,
      side * max(config.patchHeight, config.patchWidth) <= 65536
    else {
      throw InputError(
        file: tensors.file, field: name,
        expected: "(2 g - 1)^2 entries and 3 for each token in front of g x g patches; img_size or "
          + "image_size of a config.json tells other grids",
        found: "\(entries)")
    }
    (config.imageHeight, config.imageWidth) = (
      side * config.patchHeight, side * config.patchWidth
    )
  }

  /// Records where the image's extents come from: an assumption where only the number of positions tells
  /// them, or where timm would not take them from the configuration.
  func recordImage(_ source: ViTConfig, _ choice: ArchitectureChoice, _ decisions: inout Decisions)
    throws
  {
    let extents = "\(source.imageHeight) x \(source.imageWidth)"
    if let image = try image() {
      guard image.isWeak, (source.imageHeight, source.imageWidth) != (224, 224),
        source.showsGrid || !choice.isExact
      else {
        decisions.told("image_size", extents, from: "\(image.file): \(image.field)")
        return
      }
      decisions.assumed(
        "image_size", extents, "as \(image.field) and the positions have it",
        or: "timm reads \(image.field) only where fixed_input_size is true and "
          + "dynamic_img_size is not, else it resizes to its own size; img_size decides")
    } else if choice.namedBy != nil, choice.isExact {
      decisions.told("image_size", extents, from: "\(choice.chosen?.name ?? "")")
    } else if !source.showsGrid {
      decisions.assumed(
        "image_size", extents, choice.reason,
        or: "\(option: .imageSize), or img_size or image_size of a config.json decides")
    } else {
      decisions.assumed(
        "image_size", extents, "as \(source.patchTokens) positions make a square image",
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
  private func extents(_ count: Int, _ config: ViTConfig, _ image: Image?) throws
    -> (height: Int, width: Int)?
  {
    guard count > 0, count <= 1 << 26 else { return nil }
    let (height, width) = (config.patchHeight, config.patchWidth)
    if let image {
      let patches = (image.height / height) * (image.width / width)
      return patches == count ? (image.height, image.width) : nil
    }
    let area = count * height * width
    let side = Int(Double(area).squareRoot().rounded())
    return side * side == area && side % height == 0 && side % width == 0 && side <= 65536
      ? (side, side) : nil
  }
}
