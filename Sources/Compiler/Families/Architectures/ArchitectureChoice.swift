internal import ModelFacts
internal import Tensors

/// The published models that a checkpoint can be: the one that is named, or those whose shapes it has.
struct ArchitectureChoice {
  /// What names the architecture, an option or the configuration; nil where shapes were compared.
  let namedBy: InputError.Subject?

  /// The named one, or of those that match the one whose values are taken; nil where none matches.
  let chosen: Architecture?

  /// All that match, with the chosen one; with `named`, only that one.
  let candidates: [Architecture]

  /// Whether the chosen one's image size is the checkpoint's too.
  let isExact: Bool

  /// Those of another image size whose patches are as many, as what is left over at its edges belongs to none.
  private let sameGrid: [Architecture]

  /// Whether transformers' type of model says what is computed.
  private let isDecided: Bool

  init(
    named: NamedArchitecture?, source: ViTConfig, tensors: TensorSet, config: ModelConfig,
    options: ImportOptions
  ) throws {
    var source = source
    // The models that it began with have the norm elsewhere.
    if tensors.scheme == EvoViTNames.title {
      (source.hasPooledNorm, source.hasFinalNorm) = (false, true)
    }
    if let named {
      try Self.check(named.architecture, source, tensors, config, options)
      namedBy = named.source
      (chosen, candidates, sameGrid) = (named.architecture, [named.architecture], [])
    } else {
      namedBy = nil
      let preferred = Self.preferredFamily(source, tensors)
      let matching = Architecture.all.filter { $0.matches(source) }
      let sameSize = matching.filter { Self.hasSize($0, source) }
      candidates = sameSize.isEmpty ? matching : sameSize
      sameGrid =
        sameSize.isEmpty
        ? []
        : matching.filter { !Self.hasSize($0, source) && Self.hasGrid($0, source) }
      let convertible = candidates.filter { $0.missing == nil }
      // Of those with a class token the ones that read it.
      chosen =
        convertible.first { $0.family == preferred && $0.pooling == "token" }
        ?? convertible.first { $0.family == preferred } ?? convertible.first
    }
    if case .transformers = config.form { isDecided = true } else { isDecided = false }
    isExact = chosen.map { Self.hasSize($0, source) } ?? false
  }

  /// Whether the checkpoint can have a model's image size; it is 0 where nothing has told it yet.
  private static func hasSize(_ architecture: Architecture, _ source: ViTConfig) -> Bool {
    source.imageHeight == 0
      || architecture.imageHeight == source.imageHeight
        && architecture.imageWidth == source.imageWidth
  }

  private static func hasGrid(_ architecture: Architecture, _ source: ViTConfig) -> Bool {
    architecture.imageHeight / source.patchHeight == source.gridHeight
      && architecture.imageWidth / source.patchWidth == source.gridWidth
  }

  /// The family that the tensors' names speak of; DeiT where nothing says ViT.
  private static func preferredFamily(_ source: ViTConfig, _ tensors: TensorSet)
    -> ViTConfig.Family
  {
    tensors.hints.family ?? source.family
  }

  /// Throws unless the shapes are the named architecture's with the configuration's arguments. A
  /// configuration that tells the heads itself may leave out others: the tensors show them.
  private static func check(
    _ named: Architecture, _ source: ViTConfig, _ tensors: TensorSet, _ config: ModelConfig,
    _ options: ImportOptions
  ) throws {
    let isOtherKind =
      named.isDistilled != source.hasDistillationToken
      || (named.family == .lvvit) != (source.family == .lvvit)
    let tellsHeads = config.model("num_heads") != nil && options.architecture == nil
    if !isOtherKind && (named.matches(source) || tellsHeads) { return }
    var expected = named
    // What an argument says is compared with the tensors by itself.
    if options.architecture == nil {
      if config.model("embed_dim") != nil {
        expected.hiddenDim = named.hiddenDim * source.embedDim / max(1, named.embedDim)
        expected.embedDim = source.embedDim
      }
      if config.model("mlp_ratio") != nil { expected.hiddenDim = source.hiddenDim }
      if config.model("depth") != nil { expected.depth = source.depth }
      if config.model("patch_size") != nil {
        (expected.patchHeight, expected.patchWidth) = (source.patchHeight, source.patchWidth)
      }
      if config.model("qkv_bias") != nil { expected.hasQKVBias = source.hasQKVBias }
      if config.model("init_values") != nil || config.argumentIsNull("init_values") {
        expected.hasLayerScale = source.hasLayerScale
      }
      if config.model("no_embed_class") != nil {
        expected.hasPatchOnlyPositions = source.hasPatchOnlyPositions
      }
      if config.model("global_pool") != nil || config.model("fc_norm", "use_fc_norm") != nil {
        expected.hasPooledNorm = source.hasPooledNorm
        expected.hasAttentionPool = source.hasAttentionPool
      }
      if config.model("class_token") != nil { expected.hasClassToken = source.hasClassToken }
      if config.model("mlp_layer", "swiglu_mlp") != nil { expected.hiddenDim = source.hiddenDim }
      for (names, property, value) in Self.shown(source)
      where names.contains(where: { config.model($0) != nil }) {
        expected[keyPath: property] = value
      }
      if config.model("reg_tokens", "num_reg_tokens") != nil {
        expected.registerTokens = source.registerTokens
      }
      let relative = [
        "use_rel_pos_bias", "use_shared_rel_pos_bias", "rel_pos_type", "rel_pos_dim",
        "shared_rel_pos",
      ]
      if relative.contains(where: { config.model($0) != nil }) {
        expected.relative = source.relative
      }
      if config.model("rope_type") != nil {
        expected.rotary?.kind = source.frequencyHeads != nil ? .mixed : .axial
      }
      if config.model("final_norm", "use_post_transformer_norm") != nil {
        expected.hasFinalNorm = source.hasFinalNorm || source.hasPooledNorm
      }
    }
    if !isOtherKind && expected.matches(source) { return }
    throw InputError(
      .contradiction, file: tensors.file,
      field: options.architecture == nil
        ? "architecture" : "\(option: .architecture) \(named.name)",
      expected: "shapes of \(named.name): \(named.summary)",
      found:
        "\(source.family.rawValue), width \(source.embedDim), depth \(source.depth), "
        + "patch \(source.patchWords), \(source.prefixTokens) prefix tokens, "
        + "FFN \(source.hiddenDim)" + (source.hasLayerScale ? ", LayerScale" : ""))
  }

  /// What the tensors show, and the arguments that ask for it.
  private static func shown(
    _ source: ViTConfig
  ) -> [([String], WritableKeyPath<Architecture, Bool>, Bool)] {
    [
      (["pre_norm", "use_pre_transformer_norm"], \.hasPreNorm, source.hasPreNorm),
      (["mlp_layer", "swiglu_mlp"], \.isGated, source.isGated),
      (["scale_mlp_norm", "scale_mlp"], \.hasInnerNorm, source.hasInnerNorm),
      (["scale_attn_norm", "scale_attn_inner"], \.hasAttentionNorm, source.hasAttentionNorm),
      (["proj_bias"], \.hasProjectionBias, source.hasProjectionBias),
      (["proj_bias"], \.hasFFNBias, source.hasFFNBias),
      (["qk_norm"], \.hasHeadNorm, source.headNormWidth != nil),
      (["pos_embed", "use_abs_pos_emb"], \.hasPositions, source.hasPositions),
      (["norm_layer"], \.hasRMSNorms, source.hasRMSNorms),
    ]
  }

  /// The name that the plan gets.
  var title: String { namedBy != nil || isExact ? chosen?.name ?? "custom" : "custom" }

  /// The family that the name says, where shapes leave several.
  var family: ViTConfig.Family? {
    namedBy != nil || isExact ? chosen?.family : nil
  }

  /// What the assumptions that come from presets say of their reason.
  var reason: Message {
    guard let chosen else { return "the family's" }
    return "from the preset \(chosen.name)" + (isExact ? "" : ", of another image size")
  }

  /// The presets besides the chosen one for which `value` is another, and what it is there.
  func others<Value: Equatable>(_ value: (Architecture) -> Value, _ words: (Value) -> String)
    -> String
  {
    guard let chosen else { return "" }
    let own = value(chosen)
    var groups: [(value: Value, names: [String])] = []
    for candidate in candidates where value(candidate) != own {
      if let place = groups.firstIndex(where: { $0.value == value(candidate) }) {
        groups[place].names.append(candidate.name)
      } else {
        groups.append((value(candidate), [candidate.name]))
      }
    }
    return groups.map { "\(words($0.value)) in \($0.names.joined(separator: ", "))" }
      .joined(separator: "; ")
  }

  /// Records the architecture: as an assumption where others of the same shapes would have decided
  /// something else.
  func record(_ decisions: inout Decisions, graphDecides: Bool) {
    guard let chosen else { return }
    if let namedBy {
      decisions.told("architecture", chosen.name, from: "\(namedBy)")
      return
    }
    let twins = candidates.filter { $0.name != chosen.name }
    let isUndecided =
      decisions.assumptions.contains { $0.reason == reason }
      || !graphDecides && !isDecided && twins.contains { !$0.needs.isEmpty }
    let shapes: Message = "by its shapes" + (isExact ? "" : " but for the image size")
    guard isUndecided else {
      decisions.told("architecture", chosen.name, from: shapes)
      return
    }
    let names = (twins + sameGrid).map { twin in
      twin.missing.map { "\(twin.name) (which needs \($0))" } ?? twin.name
    }
    let same: Message =
      names.isEmpty
      ? "" : "\(names.joined(separator: ", ")) \(names.count == 1 ? "has" : "have") the same; "
    decisions.assumedFirst(
      "architecture", chosen.name, shapes,
      or: same + "\(option: .architecture) or a config.json says all of it")
  }
}
