internal import ModelGraph
internal import Tensors

/// Decides whether and how a model was trained for fewer tokens: its tensors' names where they tell it, else options
/// before the configuration before a safetensors file's metadata.
struct ReductionResolver {
  /// Nil for a model that keeps all its tokens.
  let method: TrainedReduction.Method?

  /// Where it was said; nil where the tensors tell it.
  private let source: Message?

  private let keys: ReductionKeys
  private let options: ImportOptions

  /// - Parameters:
  ///   - names: of the checkpoint's tensors.
  ///   - file: the checkpoint.
  /// - Throws: `InputError` if a method is named that is not built or not that of the tensors, or an option goes with
  ///   another method or with none.
  init(
    _ keys: ReductionKeys, names: some Sequence<String>, file: String, _ options: ImportOptions
  ) throws {
    (self.keys, self.options) = (keys, options)
    var (named, source) = (keys.method, keys.methodSource)
    if let word = options.method {
      guard let known = TrainedReduction.Method(rawValue: word) else {
        throw InputError(
          option: .method, field: "name", expected: "\(ReductionKeys.built)", found: "'\(word)'")
      }
      (named, source) = (known, "\(option: .method)")
    }
    let told = TrainedReduction.Method.told(by: names)
    if let named, told != named, told != nil || named.sign != nil {
      throw InputError(
        .contradiction, file: file, field: "\(named.sign ?? told?.sign ?? "")",
        expected: named.sign == nil
          ? "none, as \(source ?? "") says \(named.rawValue)"
          : "a tensor, as \(source ?? "") says \(named.rawValue)",
        found: told.map { "the tensors of \($0.title)" } ?? "none")
    }
    method = named ?? told
    self.source = named == nil ? nil : source
    try checkOptions()
  }

  /// Throws if an option says what the method is not told.
  private func checkOptions() throws {
    let given: [(ReductionKey, Bool)] = [
      (.blocks, options.methodBlocks != nil), (.keepRate, options.keepRate != nil),
      (.fuse, options.fusesTokens != nil), (.remove, options.removedTokens != nil),
      (.threshold, options.varianceThreshold != nil), (.sizeAware, options.countsSizes != nil),
      (.gateScale, options.gateScale != nil), (.gateCenter, options.gateCenter != nil),
    ]
    for (key, isGiven) in given {
      guard isGiven, let option = key.option else { continue }
      guard let method else {
        throw InputError(
          .contradiction, option: option, field: "method",
          expected: "\(option: .method), or a configuration or metadata with token_reduction",
          found: "none")
      }
      guard method.keys.contains(key) else {
        throw InputError(
          .contradiction, option: option, field: "method",
          expected: "a method that takes it", found: "\(method.rawValue)")
      }
    }
  }

  /// Names and extents of the tensors that a model has beside those of its family.
  func shapes(_ source: ViTConfig, _ tensors: TensorSet) -> [String: [Int]] {
    let stages = 0..<max(1, Self.predictors(tensors))
    let shapes: [(name: String, extents: [Int])] =
      switch method {
      case .dynamicvit:
        stages.flatMap { MethodConstants.predictor($0, width: source.embedDim) }
      case .asvit: stages.map { (MethodConstants.threshold($0), []) }
      case .spvit:
        stages.flatMap { stage in
          let heads = SharedPredictors.heads(tensors) ?? 1
          return MethodConstants.headPredictor(
            stage, heads: heads, width: source.embedDim / heads)
        }
      case nil, .evit, .evovit, .ppt, .avit, .ats: []
      }
    return Dictionary(uniqueKeysWithValues: shapes.map { ($0.name, $0.extents) })
  }

  /// How many `score_predictor.0.`, `score_predictor.1.`, ... have tensors.
  private static func predictors(_ tensors: TensorSet) -> Int {
    let prefix = MethodConstants.predictors
    let present = Set(
      tensors.tensors.keys.lazy.filter { $0.hasPrefix(prefix) }.compactMap {
        Int($0.dropFirst(prefix.count).prefix { $0 != "." })
      })
    return (0...present.count).first { !present.contains($0) } ?? 0
  }

  /// The method with its values, for a model whose other values are decided; nil without a method.
  /// - Throws: `InputError` if the model is none that the method's authors have, or a value is missing or none that
  ///   the method takes.
  func resolve(_ source: ViTConfig, _ tensors: TensorSet, _ decisions: inout Decisions) throws
    -> TrainedReduction?
  {
    guard let method else { return nil }
    decisions.told("method", method.rawValue, from: self.source ?? "the names of its tensors")
    try check(source, method, file: tensors.file)
    var values = ReductionValues(
      method: method, keys: keys, options: options, file: tensors.file, decisions: decisions)
    defer { decisions = values.decisions }
    switch method {
    case .evit:
      return .evit(
        blocks: try values.blocks(source), keepRate: try values.keepRate(),
        fuses: try values.flag(.fuse, options.fusesTokens))
    case .dynamicvit:
      let blocks = try values.blocks(source, count: Self.predictors(tensors))
      let rate = try values.keepRate()
      try values.checkCount(
        TrainedReduction.dynamicCounts(source.patchTokens, rate, stages: blocks.count))
      return .dynamicvit(blocks: blocks, keepRate: rate)
    case .evovit:
      guard source.depth == TrainedReduction.evovitDepth else {
        throw InputError(
          .unsupported, file: tensors.file, field: "evovit",
          expected: "\(TrainedReduction.evovitDepth) blocks",
          found: "\(source.depth)")
      }
      return .evovit
    case .avit:
      return .avit(
        scale: try values.gate(.gateScale, options.gateScale),
        center: try values.gate(.gateCenter, options.gateCenter),
        epsilon: try values.epsilon())
    case .asvit:
      let blocks = try values.blocks(source, count: Self.predictors(tensors))
      guard blocks[0] > 0 else {
        throw InputError(
          .contradiction, file: tensors.file, field: "layers",
          expected: "blocks that another precedes, whose scores decide", found: "the first block")
      }
      return .asvit(blocks: blocks)
    case .ats: return .ats(blocks: try values.blocks(source))
    case .spvit:
      try checkHeads(source, tensors)
      return .spvit(blocks: try values.blocks(source, count: Self.predictors(tensors)))
    case .ppt:
      return .ppt(
        blocks: try values.blocks(source), remove: try values.removed(),
        threshold: try values.threshold(),
        isSizeAware: try values.flag(.sizeAware, options.countsSizes, usual: true))
    }
  }

  /// Throws unless predictors divide tokens as attention does, into heads that they can work on.
  private func checkHeads(_ source: ViTConfig, _ tensors: TensorSet) throws {
    let heads = SharedPredictors.heads(tensors)
    guard let heads, heads == source.heads else {
      throw InputError(
        .contradiction, file: tensors.file, field: "heads",
        expected: heads.map { "\($0), as \(SharedPredictors.sign) has it" } ?? "2 heads or more",
        found: "\(source.heads)")
    }
    guard source.embedDim / heads >= 4 else {
      throw InputError(
        .unsupported, file: tensors.file, field: "heads", expected: "heads of 4 columns or more",
        found: "\(heads) of \(source.embedDim)")
    }
  }

  /// Behind a distillation token the authors' code takes it for a patch.
  private func check(
    _ source: ViTConfig, _ method: TrainedReduction.Method, file: String
  ) throws {
    var plain = source
    // Its mean of patches is normalised behind pooling.
    if method == .evovit { (plain.hasFinalNorm, plain.hasPooledNorm) = (true, false) }
    let isDeiT = source.family == .deit || source.family == .vit
    guard plain.isPlain, isDeiT || source.family == .lvvit && method.takesLVViT,
      !source.hasLayerScale, source.prefixTokens == 1,
      source.pooling == (method == .evovit ? .avg : .token)
    else {
      throw InputError(
        .unsupported, file: file, field: "\(method.rawValue)",
        expected: method.takesLVViT
          ? "a DeiT or LV-ViT without a distillation token, whose class token is classified"
          : "a DeiT without a distillation token, whose class token is classified",
        found: "\(source.family.rawValue), \(source.prefixTokens) tokens before the patches, "
          + "pooling \(source.pooling.rawValue)")
    }
  }
}
