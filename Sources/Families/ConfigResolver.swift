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

/// Decides what a checkpoint is: flags before the checkpoint's own structure before its
/// configuration before the preset whose shapes match before the family's rule.
struct ConfigResolver {
  let tensors: TensorSet
  let config: ConfigFile
  let options: ImportOptions

  /// The configuration, the preprocessing and the sources of both.
  func resolve() throws -> ResolvedModel {
    var provenance = tensors.provenance
    try config.refuseOtherModels(file: tensors.file)
    var (source, reason) = try ShapeReader(tensors: tensors, config: config).read()
    provenance.append(ProvenanceEntry("family", source.family.rawValue, from: reason))
    let preset = try preset(for: &source, &provenance)
    source.heads = try heads(source, preset, &provenance)
    source.epsilon = try epsilon(source, &provenance)
    source.skipLambda = try skipLambda(source, preset, &provenance)
    if let told = tensors.hints.attentionScale {
      source.attentionScale = told.value
      provenance.append(ProvenanceEntry("attention_scale", "\(told.value)", from: told.source))
    }
    if let told = tensors.hints.activation {
      source.activation = told.value
      provenance.append(ProvenanceEntry("activation", told.value.word, from: told.source))
    }
    let target = try resized(source, &provenance)
    let preprocess = try PreprocessResolver(
      config: config, options: options, family: source.family, preset: preset?.architecture,
      target: target
    ).resolve()
    let name =
      options.architecture ?? config.architecture
      ?? (preset?.isExact == true ? preset?.architecture.name : nil) ?? "custom"
    reason += preset.map { "; \($0.reason)" } ?? ""
    return ResolvedModel(
      source: source, target: target, architecture: name, preprocess: preprocess.facts,
      labels: config.labels(classes: source.classes),
      provenance: provenance + preprocess.provenance,
      reason: reason)
  }

  private func resized(_ source: ViTConfig, _ provenance: inout [ProvenanceEntry]) throws
    -> ViTConfig
  {
    guard let size = options.imageSize else { return source }
    guard size % source.patchSize == 0, size >= source.patchSize, size <= 8192 else {
      throw InputError(
        file: "--image-size", field: "\(size)",
        expected: "a multiple of the patch size \(source.patchSize) up to 8192", found: "\(size)")
    }
    var target = source
    (target.imageHeight, target.imageWidth) = (size, size)
    if target != source {
      provenance.append(
        ProvenanceEntry(
          "image_size", "\(size)",
          from: "--image-size; positions resized from \(source.gridHeight) x \(source.gridWidth)"))
    }
    return target
  }

  // MARK: - Values that weights do not determine

  private struct Preset {
    let architecture: Architecture
    let reason: String

    /// Its image size is the checkpoint's too.
    let isExact: Bool
  }

  private func preset(for config: inout ViTConfig, _ provenance: inout [ProvenanceEntry]) throws
    -> Preset?
  {
    if let name = options.architecture {
      guard let architecture = Architecture.tagged(name) else {
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
            + "patch \(config.patchSize), \(config.prefixTokens) prefix tokens, "
            + "FFN \(config.hiddenDim)")
      }
      config.family = architecture.family
      provenance.append(ProvenanceEntry("architecture", name, from: "--arch"))
      return Preset(architecture: architecture, reason: "--arch \(name)", isExact: true)
    }
    if let name = self.config.architecture, config.family == .deit, config.prefixTokens == 1,
      name.hasPrefix("vit_") || self.config.modelType == "vit"
    {
      config.family = .vit
    }
    let found = config
    let matching = Architecture.all.filter { $0.matches(found) }
    let ofFamily = matching.filter { $0.family == found.family }
    let candidates = ofFamily.isEmpty ? matching : ofFamily
    let named = self.config.architecture.flatMap(Architecture.tagged)
    let exact = candidates.first { $0.imageSize == found.imageHeight }
    let chosen = candidates.first { $0.name == named?.name } ?? exact ?? candidates.first
    guard let chosen else { return nil }
    let isExact = chosen.imageSize == found.imageHeight && found.imageHeight == found.imageWidth
    let reason = "shapes of \(chosen.name)" + (isExact ? "" : " but for the image size")
    provenance.append(ProvenanceEntry("architecture", chosen.name, from: "preset: \(reason)"))
    return Preset(architecture: chosen, reason: reason, isExact: isExact)
  }

  private func heads(
    _ source: ViTConfig, _ preset: Preset?, _ provenance: inout [ProvenanceEntry]
  ) throws -> Int {
    let (heads, origin): (Int, String)
    if let told = tensors.hints.heads {
      (heads, origin) = (told.value, told.source)
    } else if options.architecture != nil, let preset {
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
    guard heads > 0, source.embedDim % heads == 0, heads <= 1024 else {
      throw InputError(
        file: config.path ?? tensors.file, field: "num_heads",
        expected: "a divisor of \(source.embedDim)", found: "\(heads)")
    }
    provenance.append(ProvenanceEntry("heads", "\(heads)", from: origin))
    return heads
  }

  private func epsilon(_ source: ViTConfig, _ provenance: inout [ProvenanceEntry]) throws -> Float {
    let (value, origin): (Float, String)
    if let told = tensors.hints.epsilon {
      (value, origin) = (told.value, told.source)
    } else if let configured = try config.modelNumber("layer_norm_eps")
      ?? config.modelNumber("norm_eps")
    {
      (value, origin) = (Float(configured), config.path ?? "config")
    } else if options.architecture == nil, let told = tensors.hints.defaultEpsilon {
      (value, origin) = (told.value, told.source)
    } else {
      value = source.family == .lvvit ? 1e-5 : 1e-6
      origin = "the rule of \(source.family.rawValue)"
    }
    guard value.isFinite, value >= 0, value < 1 else {
      throw InputError(
        file: config.path ?? tensors.file, field: "epsilon", expected: "a number in [0, 1)",
        found: "\(value)")
    }
    provenance.append(ProvenanceEntry("epsilon", "\(value)", from: origin))
    return value
  }

  private func skipLambda(
    _ source: ViTConfig, _ preset: Preset?, _ provenance: inout [ProvenanceEntry]
  ) throws -> Float {
    guard source.family == .lvvit || tensors.hints.skipLambda != nil else { return 1 }
    if source.family != .lvvit, tensors.hints.skipLambda?.value == 1 { return 1 }
    let (value, origin): (Float, String)
    if let told = tensors.hints.skipLambda {
      (value, origin) = (told.value, told.source)
    } else if options.architecture == nil, let configured = try config.modelNumber("skip_lam") {
      (value, origin) = (Float(configured), config.path ?? "config")
    } else if let preset {
      (value, origin) = (preset.architecture.skipLambda, "preset \(preset.architecture.name)")
    } else {
      throw InputError(
        file: tensors.file, field: "skip_lam",
        expected: "a number from --arch or from a config.json (skip_lam)", found: "neither")
    }
    guard value.isFinite, value > 0, (1 / value).isFinite else {
      throw InputError(
        file: config.path ?? tensors.file, field: "skip_lam", expected: "a positive number",
        found: "\(value)")
    }
    provenance.append(ProvenanceEntry("skip_lam", "\(value)", from: origin))
    return value
  }
}
