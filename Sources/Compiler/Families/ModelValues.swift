internal import ModelFacts
internal import Tensors

/// Decides the values that shapes do not show.
struct ModelValues {
  let tensors: TensorSet
  let config: ModelConfig
  let options: ImportOptions
  let choice: ArchitectureChoice

  /// H.
  func heads(_ source: ViTConfig, _ decisions: inout Decisions) throws -> Int {
    let heads: Int
    if let told = try told(
      "heads", options.heads, by: .heads, graph: tensors.hints.heads, &decisions)
    {
      heads = told
      // A graph is what is computed, whatever a configuration beside it says.
      if options.heads == nil, !tensors.isGraph,
        let found = configured("num_heads", "num_attention_heads"),
        try config.integer(found) != told
      {
        throw config.fail(
          found, "\(told), as \(tensors.hints.heads?.source ?? "the tensors") has it",
          as: .contradiction)
      }
    } else if let found = configured("num_heads", "num_attention_heads") {
      heads = try config.integer(found)
      if options.architecture != nil, let chosen = choice.chosen, chosen.heads != heads {
        throw InputError(
          .contradiction, file: config.path, field: "\(found.field)",
          expected: "\(chosen.heads), as \(option: .architecture) \(chosen.name) has; "
            + "\(option: .heads) decides",
          found: "\(heads)")
      }
      decisions.told("heads", "\(heads)", from: "\(config.path)")
    } else if let source = choice.namedBy, let chosen = choice.chosen {
      heads = chosen.heads
      decisions.told("heads", "\(heads)", from: "\(chosen.name), named by \(source)")
    } else if case .transformers(let type) = config.form {
      heads = ModelTypes.vit[type]?.heads ?? 12
      guard source.embedDim % heads == 0 else {
        throw InputError(
          file: config.path, field: "num_attention_heads",
          expected: "a number that divides the width \(source.embedDim)",
          found: "none, which is \(heads) in transformers' \(type)")
      }
      decisions.told("heads", "\(heads)", from: "transformers' default for \(type)")
    } else if let chosen = choice.chosen {
      let others = choice.others(\.heads) { "\($0)" }
      guard others.isEmpty else {
        throw InputError(
          .missingValue, file: tensors.file, field: "heads",
          expected: "\(option: .heads), \(option: .architecture) or a config.json",
          found: "none, and \(chosen.heads) in \(chosen.name), \(others)")
      }
      heads = chosen.heads
      decisions.assumed(
        "heads", "\(heads)", choice.reason, or: "\(option: .heads) or a config.json decides")
    } else {
      throw InputError(
        .missingValue, file: tensors.file, field: "heads",
        expected: "a number from \(option: .heads) or from a config.json (num_heads)",
        found: "neither, and no known model of width \(source.embedDim), depth \(source.depth), "
          + "patch \(source.patchWords) and FFN \(source.hiddenDim)")
    }
    guard heads > 0, source.embedDim % heads == 0, heads <= 1024 else {
      throw blamed(
        options.heads == nil ? nil : .heads, decisions, field: "heads",
        expected: "a divisor of the width \(source.embedDim)", found: "\(heads)")
    }
    return heads
  }

  /// Between the FFN's layers.
  func activation(_ source: ViTConfig, _ decisions: inout Decisions) throws -> Activation {
    let wanted = try options.activation.map { word in
      guard let known = ActivationWords.timm[word] else {
        throw InputError(
          option: .activation, field: "\(word)",
          expected: "\(ActivationWords.accepted.joined(separator: ", "))", found: "\(word)")
      }
      return known
    }
    if source.isGated, case .transformers(let type) = config.form, type.hasPrefix("dinov2") {
      guard wanted == nil || wanted == .silu else {
        throw InputError(
          .contradiction, option: .activation, field: "\(options.activation ?? "")",
          expected: "silu, as transformers' gated \(type) has it", found: "another")
      }
      decisions.told("activation", "silu", from: "transformers' gated \(type)")
      return .silu
    }
    if let told = try told(
      "activation", wanted, by: .activation, graph: tensors.hints.activation, &decisions)
    {
      return told
    }
    if let found = configured("act_layer", "hidden_act") {
      let word = try config.word(found)
      let isTimm = found.field.hasSuffix("act_layer")
      let known =
        isTimm ? ActivationWords.timm[word.lowercased()] : ActivationWords.transformers[word]
      guard let known else {
        let words = isTimm ? ActivationWords.timm : ActivationWords.transformers
        throw config.fail(found, words.keys.sorted().joined(separator: ", "))
      }
      decisions.told("activation", ActivationWords.word(known), from: "\(config.path)")
      return known
    }
    if let chosen = choice.chosen, chosen.family == .eva || chosen.family == .beit,
      !isTransformers
    {
      // timm's Eva and Beit have no argument for it.
      let own = source.isGated ? Activation.silu : .gelu
      decisions.told(
        "activation", ActivationWords.word(own),
        from: "timm's \(chosen.family == .eva ? "EVA" : "BEiT") "
          + "\(source.isGated ? "with" : "without") gates, as \(chosen.name)")
      return own
    }
    if let source = choice.namedBy, let chosen = choice.chosen, let own = chosen.activation {
      decisions.told(
        "activation", ActivationWords.word(own), from: "\(chosen.name), named by \(source)")
      return own
    }
    if case .transformers(let type) = config.form {
      let own = ModelTypes.vit[type]?.activation ?? .gelu
      decisions.told(
        "activation", ActivationWords.word(own), from: "transformers' default for \(type)")
      return own
    }
    let others = choice.others(\.activation) { $0.map(ActivationWords.word) ?? "another" }
    let own = choice.chosen?.activation ?? (source.isGated ? .silu : .gelu)
    // Of CLIP both are common.
    guard !source.hasPreNorm || choice.chosen != nil && others.isEmpty else {
      throw InputError(
        .missingValue, file: tensors.file, field: "activation",
        expected: "\(option: .activation), \(option: .architecture) or a config.json",
        found: "none"
          + (choice.chosen.map { ", and \(ActivationWords.word(own)) in \($0.name), \(others)" }
            ?? ", and no known model of these shapes"))
    }
    decisions.assumed(
      "activation", ActivationWords.word(own), choice.reason,
      or: (others.isEmpty ? "" : "\(others); ") + "\(option: .activation) or a config.json decides")
    return own
  }

  /// Whether transformers' AIMv2 reads it, which has no LayerNorm.
  private var isAIMv2: Bool { config.form == .transformers("aimv2_vision_model") }

  /// LayerNorm's epsilon.
  func epsilon(_ source: ViTConfig, _ decisions: inout Decisions) throws -> Float {
    let value: Float
    if let told = try told(
      "epsilon", options.epsilon, by: .epsilon, graph: tensors.hints.epsilon, &decisions)
    {
      value = told
    } else if let found = isAIMv2
      ? configured("rms_norm_eps") : configured("layer_norm_eps", "norm_eps")
    {
      value = found.value.double == 0 ? 0 : Float(try config.number(found))
      decisions.told("epsilon", "\(value)", from: "\(config.path)")
    } else if configured("norm_layer") != nil {
      // timm's own LayerNorm, in place of the one that an architecture asks for.
      value = 1e-6
      decisions.told("epsilon", "\(value)", from: "\(config.path), norm_layer")
    } else if let named = choice.namedBy, let chosen = choice.chosen {
      value = chosen.epsilon
      decisions.told("epsilon", "\(value)", from: "\(chosen.name), named by \(named)")
    } else if case .transformers(let type) = config.form, let known = ModelTypes.vit[type] {
      value = known.epsilon
      decisions.told("epsilon", "\(value)", from: "transformers' default for \(type)")
    } else if let usual = tensors.hints.defaultEpsilon {
      value = usual.value
      decisions.assumed(
        "epsilon", "\(value)", "\(usual.source)",
        or: "\(option: .epsilon) or a config.json decides")
    } else {
      value = choice.chosen?.epsilon ?? (source.family == .lvvit ? 1e-5 : 1e-6)
      decisions.assumed(
        "epsilon", "\(value)", choice.reason, or: "\(option: .epsilon) or a config.json decides")
    }
    guard value.isFinite, value >= 0, value < 1 else {
      throw blamed(
        options.epsilon == nil ? nil : .epsilon, decisions, field: "epsilon",
        expected: "a number in [0, 1)", found: "\(value)")
    }
    return value
  }

  /// What makes probabilities of the logits: what the graph ends in, or transformers' `problem_type`.
  func scores(_ decisions: inout Decisions) throws -> ModelFacts.Scores {
    let told = tensors.hints.scores
    if let told { decisions.told("scores", told.value.word, from: "\(told.source)") }
    guard let found = config.model("problem_type") else { return told?.value ?? .softmax }
    let scores: ModelFacts.Scores =
      try config.word(found) == "multi_label_classification" ? .sigmoid : .softmax
    if let told {
      guard told.value == scores else {
        throw config.fail(
          found, "\(told.value.word) of the logits, as \(told.source)", as: .contradiction)
      }
      return scores
    }
    decisions.told("scores", scores.word, from: "\(config.path): \(found.field)")
    return scores
  }

  /// LV-ViT's divisor of both branches.
  func skipLambda(_ source: ViTConfig, _ decisions: inout Decisions) throws -> Float {
    if source.family != .lvvit, let found = configured("skip_lam"),
      try config.number(found) != Double(tensors.hints.skipLambda?.value ?? 1)
    {
      throw config.fail(found, "1, as only LV-ViT divides its branches", as: .contradiction)
    }
    guard source.family == .lvvit || tensors.hints.skipLambda != nil else { return 1 }
    if source.family != .lvvit, tensors.hints.skipLambda?.value == 1 { return 1 }
    let value: Float
    if let graph = tensors.hints.skipLambda {
      value = graph.value
      decisions.told("skip_lam", "\(value)", from: "\(graph.source)")
    } else if let found = configured("skip_lam") {
      value = Float(try config.number(found))
      decisions.told("skip_lam", "\(value)", from: "\(config.path)")
    } else if let chosen = choice.chosen {
      value = chosen.skipLambda
      if let named = choice.namedBy {
        decisions.told("skip_lam", "\(value)", from: "\(chosen.name), named by \(named)")
      } else {
        decisions.assumed("skip_lam", "\(value)", choice.reason, or: "a config.json decides")
      }
    } else {
      throw InputError(
        .missingValue, file: tensors.file, field: "skip_lam",
        expected: "a number from \(option: .architecture) or from a config.json (skip_lam)",
        found: "neither")
    }
    guard value.isFinite, value > 0, (1 / value).isFinite else {
      throw InputError(
        file: config.path.isEmpty ? tensors.file : config.path, field: "skip_lam",
        expected: "a positive number", found: "\(value)")
    }
    return value
  }

  /// An error about an option, or about the checkpoint where that did not say the value.
  private func blamed(
    _ option: ImportOption?, _ decisions: Decisions, field: Message, expected: Message,
    found: Message
  ) -> InputError {
    InputError(
      subject: option.map { .option($0 as any InputOption) } ?? .file(decisions.file), field: field,
      expected: expected, found: found)
  }

  /// What the configuration says under the first of these names that it has.
  func configured(_ names: String...) -> ModelConfig.Found? {
    names.lazy.compactMap { config.model($0) }.first
  }

  /// What an option or the checkpoint's own graph says. They must not contradict each other: the graph is
  /// what is computed.
  private func told<Value: Equatable>(
    _ key: String, _ told: Value?, by option: ImportOption, graph: ModelHints.Hint<Value>?,
    _ decisions: inout Decisions
  ) throws -> Value? {
    func words(_ value: Value) -> String {
      (value as? Activation).map(ActivationWords.word) ?? "\(value)"
    }
    if let told {
      if let graph, graph.value != told {
        throw InputError(
          .contradiction, option: option, field: "\(words(told))",
          expected: "\(words(graph.value)), as \(graph.source) has it",
          found: "\(words(told))")
      }
      decisions.told(key, words(told), from: "\(option: option)")
      return told
    }
    guard let graph else { return nil }
    decisions.told(key, words(graph.value), from: "\(graph.source)")
    return graph.value
  }
}
