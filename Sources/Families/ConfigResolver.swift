internal import JSON
internal import ModelFacts
internal import Tensors

/// A model whose every value is decided, and where each came from.
struct ResolvedModel {
  /// As the checkpoint has it.
  var source: ViTConfig

  /// As the plan will have it: another image size if one was asked for.
  var target: ViTConfig

  var architecture: String
  var preprocess: PreprocessFacts
  var labels: [String]
  var provenance: [ProvenanceEntry]

  /// Why this family was tried.
  var reason: String
}

/// Decides what a checkpoint is.
struct ConfigResolver {
  let tensors: TensorSet
  let config: ConfigFile
  let options: ImportOptions

  /// The configuration, the preprocessing and the sources of both.
  func resolve() throws -> ResolvedModel {
    var provenance: [ProvenanceEntry] = []
    var (source, reason) = try shapes()
    let preset = try preset(for: &source, &provenance)
    source.heads = try heads(source, preset, &provenance)
    (source.epsilon, source.skipLambda) = try scalars(source, preset, &provenance)
    var target = source
    if let size = options.imageSize {
      guard size % source.patchSize == 0, (source.patchSize...8192).contains(size) else {
        throw InputError(
          file: "--image-size", field: "\(size)",
          expected: "a multiple of the patch size \(source.patchSize) up to 8192", found: "\(size)")
      }
      (target.imageHeight, target.imageWidth) = (size, size)
      if target != source {
        provenance.append(
          ProvenanceEntry(
            "image_size", "\(size)",
            from: "--image-size; positions resized from \(source.gridHeight) x \(source.gridWidth)"
          ))
      }
    }
    let name = options.architecture ?? config.architecture ?? preset?.architecture.name ?? "custom"
    reason += preset.map { "; \($0.reason)" } ?? ""
    return ResolvedModel(
      source: source, target: target, architecture: name,
      preprocess: try preprocess(preset, &provenance),
      labels: config.labels(classes: source.classes), provenance: provenance, reason: reason)
  }

  /// What the weights determine, and why this family is tried.
  private func shapes() throws -> (ViTConfig, reason: String) {
    guard let token = tensors.shape("cls_token"), token.count == 3,
      let positions = tensors.shape("pos_embed"), positions.count == 3,
      let patch = tensors.shape("patch_embed.proj.weight"), patch.count == 4
    else { throw unknownScheme() }
    try refuseVariants()
    var config = ViTConfig()
    var reason = "tensors named as timm does"
    config.embedDim = token[2]
    config.depth = tensors.blockCount("blocks.")
    config.hiddenDim = tensors.shape("blocks.0.mlp.fc1.weight")?.first ?? 0
    config.classes = tensors.shape("head.weight")?.first ?? 0
    config.prefixTokens = tensors.has("dist_token") ? 2 : 1
    config.hasLayerScale = tensors.has("blocks.0.ls1.gamma")
    config.patchSize = patch[3]
    if let stem = tensors.shape("patch_embed.conv1.weight"), stem.count == 4 {
      config.family = .lvvit
      config.stemChannels = stem[0]
      config.patchSize = patch[3] * 2
      reason = "a convolution stem as in TokenLabeling"
    } else if config.prefixTokens == 2 {
      reason += ", with a dist_token"
    }
    let tokens = positions[1]
    let withPrefix = try grid(tokens - config.prefixTokens)
    if let grid = withPrefix {
      setGrid(grid, &config)
    } else if let grid = try grid(tokens) {
      config.hasPatchOnlyPositions = true
      setGrid(grid, &config)
      reason += ", positions for patches only"
    } else {
      throw InputError(
        file: tensors.file, field: "pos_embed",
        expected: "\(config.prefixTokens) + g x g positions, or g x g", found: "\(positions)")
    }
    if config.family != .lvvit, config.hasPatchOnlyPositions || config.hasLayerScale {
      config.family = .deit3
    }
    for (value, field) in [
      (config.embedDim, "cls_token"), (config.depth, "blocks.0"),
      (config.hiddenDim, "blocks.0.mlp.fc1.weight"), (config.classes, "head.weight"),
      (config.patchSize, "patch_embed.proj.weight"),
    ] where !(1...65536).contains(value) {
      throw InputError(
        file: tensors.file, field: field, expected: "extents from 1 to 65536", found: "\(value)")
    }
    return (config, reason)
  }

  private func setGrid(_ grid: (height: Int, width: Int), _ config: inout ViTConfig) {
    config.imageHeight = grid.height * config.patchSize
    config.imageWidth = grid.width * config.patchSize
  }

  /// The grid of `count` patch tokens: the configuration's if it has that many, else square.
  private func grid(_ count: Int) throws -> (height: Int, width: Int)? {
    guard count > 0 else { return nil }
    let side = Int(Double(count).squareRoot().rounded())
    return side * side == count ? (side, side) : nil
  }

  private func unknownScheme() -> InputError {
    let names = tensors.views.keys.sorted().prefix(4).joined(separator: ", ")
    return InputError(
      file: tensors.file, field: "tensors",
      expected: "a ViT's, e.g. cls_token, pos_embed, patch_embed.proj.weight",
      found: tensors.views.isEmpty ? "none" : "\(tensors.views.count) others: \(names), ...")
  }

  /// Refuses relatives of ViT by name.
  private func refuseVariants() throws {
    let variants = [
      ("blocks.0.attn.q_norm.weight", "normalised queries and keys"),
      ("reg_token", "register tokens"), ("blocks.0.mlp.fc1_g.weight", "a gated FFN"),
      ("blocks.0.mlp.w12.weight", "a gated FFN"), ("norm_pre.weight", "a norm before the blocks"),
      ("blocks.0.attn.relative_position_bias_table", "relative positions (BEiT)"),
      ("attn_pool.latent", "attention pooling"), ("fc_norm.weight", "average pooling"),
    ]
    for (name, variant) in variants where tensors.has(name) {
      throw InputError(
        file: tensors.file, field: name, expected: "a plain ViT, DeiT, DeiT-III or LV-ViT",
        found: "a variant with \(variant), which is not supported")
    }
  }

  // MARK: - Values that weights do not determine

  private struct Preset {
    let architecture: Architecture
    let reason: String
  }

  private func preset(for config: inout ViTConfig, _ provenance: inout [ProvenanceEntry]) throws
    -> Preset?
  {
    if let name = options.architecture {
      guard let architecture = Architecture.named(name) else {
        throw InputError(
          file: "--arch", field: name, expected: "a name that vitc architectures lists",
          found: "another")
      }
      guard architecture.matches(config) else {
        throw InputError(
          file: tensors.file, field: "--arch \(name)",
          expected: "shapes of \(architecture.summary)",
          found:
            "\(config.family.rawValue), width \(config.embedDim), depth \(config.depth), "
            + "patch \(config.patchSize), \(config.prefixTokens) prefix tokens")
      }
      config.family = architecture.family
      provenance.append(ProvenanceEntry("architecture", name, from: "--arch"))
      return Preset(architecture: architecture, reason: "--arch \(name)")
    }
    if let name = config.hasPatchOnlyPositions ? nil : self.config.architecture,
      let architecture = Architecture.named(name), architecture.family == .vit
    {
      config.family = .vit
    }
    let found = config
    guard let architecture = Architecture.all.first(where: { $0.matches(found) }) else {
      return nil
    }
    provenance.append(
      ProvenanceEntry("architecture", architecture.name, from: "preset whose shapes match"))
    return Preset(architecture: architecture, reason: "shapes of \(architecture.name)")
  }

  private func heads(
    _ source: ViTConfig, _ preset: Preset?, _ provenance: inout [ProvenanceEntry]
  ) throws -> Int {
    let (heads, origin): (Int, String)
    if options.architecture != nil, let preset {
      (heads, origin) = (preset.architecture.heads, "--arch")
    } else if let configured = try config.modelInteger("num_heads")
      ?? config.modelInteger("num_attention_heads")
    {
      (heads, origin) = (configured, config.path ?? "config")
    } else if let preset {
      (heads, origin) = (preset.architecture.heads, "preset \(preset.architecture.name)")
    } else if source.embedDim % 64 == 0 {
      (heads, origin) = (source.embedDim / 64, "the family's head width of 64")
    } else {
      throw InputError(
        file: tensors.file, field: "heads",
        expected: "a number from --arch or from a config.json (num_heads)",
        found: "neither, and a width of \(source.embedDim), which is no multiple of 64")
    }
    guard source.embedDim % heads == 0, heads <= 1024 else {
      throw InputError(
        file: config.path ?? tensors.file, field: "num_heads",
        expected: "a divisor of \(source.embedDim)", found: "\(heads)")
    }
    provenance.append(ProvenanceEntry("heads", "\(heads)", from: origin))
    return heads
  }

  private func scalars(
    _ source: ViTConfig, _ preset: Preset?, _ provenance: inout [ProvenanceEntry]
  ) throws -> (epsilon: Float, skipLambda: Float) {
    var epsilon: Float = source.family == .lvvit ? 1e-5 : 1e-6
    if let configured = try config.modelNumber("layer_norm_eps") ?? config.modelNumber("norm_eps") {
      epsilon = Float(configured)
      provenance.append(ProvenanceEntry("epsilon", "\(epsilon)", from: config.path ?? "config"))
    } else {
      provenance.append(
        ProvenanceEntry("epsilon", "\(epsilon)", from: "the rule of \(source.family.rawValue)"))
    }
    guard source.family == .lvvit else { return (epsilon, 1) }
    if options.architecture == nil, let configured = try config.modelNumber("skip_lam") {
      provenance.append(ProvenanceEntry("skip_lam", "\(configured)", from: config.path ?? "config"))
      return (epsilon, Float(configured))
    }
    guard let preset else {
      throw InputError(
        file: tensors.file, field: "skip_lam",
        expected: "a number from --arch or from a config.json (skip_lam)", found: "neither")
    }
    let value = preset.architecture.skipLambda
    provenance.append(
      ProvenanceEntry("skip_lam", "\(value)", from: "preset \(preset.architecture.name)"))
    return (epsilon, value)
  }

  private func preprocess(_ preset: Preset?, _ provenance: inout [ProvenanceEntry]) throws
    -> PreprocessFacts
  {
    var facts = preset?.architecture.preprocess ?? PreprocessFacts()
    let fallback =
      preset.map { "preset \($0.architecture.name)" } ?? "the rule of DeiT; --mean, --std change it"
    func note(_ key: String, _ value: some Any, _ source: String) {
      provenance.append(ProvenanceEntry(key, "\(value)", from: source))
    }
    if let mean = options.mean {
      facts.mean = mean
      note("mean", mean, "--mean")
    } else if let (mean, path) = try config.triple("mean", preprocessorName: "image_mean") {
      facts.mean = mean
      note("mean", mean, path)
    } else {
      note("mean", facts.mean, fallback)
    }
    if let deviation = options.standardDeviation {
      facts.standardDeviation = deviation
      note("std", deviation, "--std")
    } else if let (deviation, path) = try config.triple("std", preprocessorName: "image_std") {
      facts.standardDeviation = deviation
      note("std", deviation, path)
    } else {
      note("std", facts.standardDeviation, fallback)
    }
    if let crop = options.cropFraction {
      facts.cropFraction = crop
      note("crop_pct", crop, "--crop-pct")
    } else if let crop = try config.cropFraction() {
      facts.cropFraction = crop
      note("crop_pct", crop, config.path ?? "config")
    } else {
      note("crop_pct", facts.cropFraction, fallback)
    }
    if let word = options.interpolation {
      guard let known = PreprocessFacts.Interpolation(word: word) else {
        throw InputError(
          file: "--interpolation", field: word, expected: "bicubic or bilinear", found: word)
      }
      facts.interpolation = known
      note("interpolation", word, "--interpolation")
    } else if let known = try config.interpolation() {
      facts.interpolation = known
      note("interpolation", known.word, config.path ?? "config")
    } else {
      note("interpolation", facts.interpolation.word, fallback)
    }
    return facts
  }
}
