internal import ModelFacts
internal import Tensors

// What is made of the tokens behind the blocks.
extension ModelValues {
  /// What the classifier or the features are made of.
  func pooling(_ source: ViTConfig, _ decisions: inout Decisions) throws -> Pooling {
    let pooling: Pooling
    if let word = options.pooling {
      if Pooling.words.allSatisfy({ $0.word != word }) {
        throw InputError(
          option: .pooling, field: "\(word)", expected: "token, avg, max, avgmax, map or none",
          found: "\(word)")
      }
      pooling = try built(word, of: .option(.pooling), field: word, source)
      // A graph that does not pool leaves it open.
      if tensors.isGraph, let told = tensors.hints.pooling, told.value != pooling,
        told.value != .none
      {
        throw InputError(
          .contradiction, option: .pooling, field: "\(word)",
          expected: "\(told.value.rawValue), as \(told.source) has it", found: "\(word)")
      }
      decisions.told("pooling", pooling.rawValue, from: "\(option: .pooling)")
    } else if let told = tensors.hints.pooling {
      pooling = told.value
      decisions.told("pooling", told.value.rawValue, from: "\(told.source)")
    } else if case .transformers(let type) = config.form {
      pooling = source.hasClassToken ? .token : .none
      decisions.told("pooling", pooling.rawValue, from: "transformers' \(type)")
    } else if let found = configured("global_pool") {
      pooling = try built(
        try config.word(found), of: .file(config.path), field: found.field, source)
      decisions.told("pooling", pooling.rawValue, from: "\(config.path)")
    } else if let named = choice.namedBy, let chosen = choice.chosen {
      pooling = try built(chosen.pooling, of: named, field: chosen.name, source)
      decisions.told("pooling", pooling.rawValue, from: "\(chosen.name), named by \(named)")
    } else if let usual = tensors.hints.usualPooling {
      pooling = usual.value
      decisions.assumed(
        "pooling", usual.value.rawValue, "\(usual.source)",
        or: "\(option: .pooling), an open_clip_config.json or a config.json decides")
    } else if source.hasAttentionPool {
      pooling = .map
      decisions.told("pooling", "map", from: "the tensors of attn_pool")
    } else {
      guard source.hasClassToken || choice.chosen != nil else { throw Self.unsaidPooling(tensors) }
      pooling = choice.chosen.flatMap { Pooling(word: $0.pooling) } ?? .token
      let others = choice.others(\.pooling) { $0 }
      decisions.assumed(
        "pooling", pooling.rawValue, choice.reason,
        or: (others.isEmpty ? "" : "\(others); ") + "\(option: .pooling) or a config.json decides")
    }
    try check(pooling, source)
    try checkNorm(behind: pooling, source)
    if pooling == .none, options.pooling == nil, !tensors.isGraph, !isTransformers {
      decisions.assumed(
        "outputs", OutputRole.tokens.word, "as nothing is pooled",
        or: "features are the first row, or what \(option: .pooling) says")
    }
    return pooling
  }

  /// Throws where timm's model has its last norm elsewhere than the tensors show: behind pooling (`fc_norm`) where
  /// several tokens are pooled, before it otherwise, unless `fc_norm` or the architecture says so. Such a
  /// configuration is another model's.
  private func checkNorm(behind pooling: Pooling, _ source: ViTConfig) throws {
    // An option is the user's word, a graph shows where its norm is, and open_clip pools as it likes behind timm's norm.
    guard !config.isOpenCLIPs, options.pooling == nil, tensors.hints.pooling == nil,
      tensors.hints.usualPooling == nil,
      configured("fc_norm", "use_fc_norm") == nil,
      source.hasFinalNorm || source.hasPooledNorm
    else { return }
    if case .transformers = config.form { return }
    let isBehind =
      choice.chosen.flatMap { $0.pooling == pooling.rawValue ? $0.hasPooledNorm : nil }
      ?? (choice.chosen?.family == .eva
        ? pooling == .avg : [.avg, .max, .avgmax].contains(pooling))
    guard isBehind != source.hasPooledNorm else { return }
    throw InputError(
      .contradiction, file: tensors.file, field: source.hasPooledNorm ? "fc_norm" : "norm",
      expected: isBehind
        ? "fc_norm, the norm behind pooling of \(pooling.rawValue), or \"fc_norm\": false in the config.json"
        : "norm, as pooling is \(pooling.rawValue); \(option: .pooling) or a config.json decides",
      found: source.hasPooledNorm ? "fc_norm" : "norm")
  }

  private static func unsaidPooling(_ tensors: TensorSet) -> InputError {
    InputError(
      .missingValue, file: tensors.file, field: "pooling",
      expected: "\(option: .pooling) (avg, max or avgmax) or a config.json",
      found: "neither, and no class token")
  }

  /// Throws unless the tensors have what a pooling needs.
  private func check(_ pooling: Pooling, _ source: ViTConfig) throws {
    func fail(_ expected: Message, _ found: Message) -> InputError {
      InputError(
        .contradiction,
        subject: options.pooling == nil ? .file(tensors.file) : .option(.pooling),
        field: "\(options.pooling ?? "pooling")", expected: expected, found: found)
    }
    let (hasPool, isMap) = (source.hasAttentionPool, pooling == .map)
    if !source.hasClassToken, pooling == .token || pooling == .none {
      throw fail(
        "avg, max, avgmax or map (\(option: .pooling)), as there is no class token",
        "\(pooling.rawValue)")
    }
    if isMap != hasPool {
      throw fail(
        isMap ? "the tensors of attn_pool, for map" : "map, as there are tensors of attn_pool",
        isMap ? "none" : "\(pooling.rawValue)")
    }
    if source.headReadsMean, pooling != .token {
      throw fail("token, as head.weight reads the class token and a mean", "\(pooling.rawValue)")
    }
  }

  /// The pooling of a name. A classifier reads one row.
  private func built(
    _ word: String, of subject: InputError.Subject, field: String, _ source: ViTConfig
  ) throws -> Pooling {
    if let pooling = Pooling(word: word), pooling != .none || source.classes == 0 {
      return pooling
    }
    throw InputError(
      .unsupported, subject: subject, field: "\(field)",
      expected: source.classes > 0
        ? "token, avg, max, avgmax or map" : "token, avg, max, avgmax, map or none",
      found: Pooling(word: word) == Pooling.none
        ? "'\(word)': \(Pooling.title(word)), which is for models without a classifier"
        : "'\(word)': \(Pooling.title(word)); it is not supported yet")
  }

  /// Whether pooling is of all tokens, which no tensor shows.
  func poolsPrefix(_ source: ViTConfig, _ decisions: inout Decisions) throws -> Bool {
    guard source.prefixTokens > 0, source.pooling != .token, source.pooling != .none else {
      return false
    }
    let key = "pool_include_prefix"
    if let told = tensors.hints.pooling, told.value == source.pooling {
      if tensors.hints.poolsPrefix { decisions.told(key, "true", from: "\(told.source)") }
      return tensors.hints.poolsPrefix
    }
    if let chosen = choice.chosen, chosen.family == .eva {
      // timm's EVA has no argument for it: attention pools all tokens, everything else those of patches.
      decisions.told(key, "\(source.pooling == .map)", from: "timm's EVA, as \(chosen.name)")
      return source.pooling == .map
    }
    if let found = configured(key) {
      decisions.told(key, "\(try config.boolean(found))", from: "\(config.path)")
      return try config.boolean(found)
    }
    return architectural(key, \.poolsPrefix, &decisions) ?? false
  }

  /// Behind the layer that transformers' models without a classifier have.
  func poolerActivation(_ source: ViTConfig, _ decisions: inout Decisions) throws -> Activation {
    guard source.poolerWidth != nil else { return source.poolerActivation }
    if let told = tensors.hints.poolerActivation {
      decisions.told(
        "pooler_activation", ActivationWords.word(told.value), from: "\(told.source)")
      return told.value
    }
    if let found = configured("pooler_act") {
      let word = try config.word(found)
      guard let known = ActivationWords.transformers[word] else {
        throw config.fail(found, ActivationWords.transformers.keys.sorted().joined(separator: ", "))
      }
      decisions.told("pooler_activation", ActivationWords.word(known), from: "\(config.path)")
      return known
    }
    decisions.told("pooler_activation", "tanh", from: "transformers' default")
    return .tanh
  }
}
