internal import Tensors

/// Decides whether and how a model was trained for fewer tokens, which no tensor of DeiT's names tells: options
/// before the configuration before a safetensors file's metadata.
struct ReductionResolver {
  /// Nil for a model that keeps all its tokens.
  let method: TrainedReduction.Method?

  private let keys: ReductionKeys
  private let options: ImportOptions

  /// - Throws: `InputError` if an option names a method that is not built, or goes with a method and there is none.
  init(_ keys: ReductionKeys, _ options: ImportOptions) throws {
    self.options = options
    self.keys = keys
    guard let word = options.method else {
      method = keys.method
      let alone: [(ImportOption, Bool)] = [
        (.methodBlocks, options.methodBlocks != nil), (.keepRate, options.keepRate != nil),
        (.fusesTokens, options.fusesTokens != nil),
      ]
      if method == nil, let option = alone.first(where: \.1)?.0 {
        throw InputError(
          .contradiction, option: option, field: "method",
          expected: "\(option: .method), or a configuration or metadata with token_reduction",
          found: "none")
      }
      return
    }
    guard let known = TrainedReduction.Method(rawValue: word) else {
      let built = TrainedReduction.Method.allCases.map(\.rawValue).joined(separator: ", ")
      throw InputError(option: .method, field: "name", expected: "\(built)", found: "'\(word)'")
    }
    method = known
  }

  /// The method with its values, for a model whose other values are decided; nil without a method.
  /// - Throws: `InputError` if the model is none that the method's authors have, or a value is missing or none that
  ///   the method takes.
  func resolve(_ source: ViTConfig, file: String, _ decisions: inout Decisions) throws
    -> TrainedReduction?
  {
    guard let method else { return nil }
    let isOption = options.method != nil
    decisions.told(
      "method", method.rawValue,
      from: isOption ? "\(option: .method)" : try said("method").map { "\($0.file)" } ?? "")
    // Behind a distillation token the authors' code takes it for a patch; LV-ViT is not what they trained.
    guard source.isPlain, source.family == .deit || source.family == .vit, !source.hasLayerScale,
      source.prefixTokens == 1, source.pooling == .token
    else {
      throw InputError(
        .unsupported, file: file, field: "\(method.rawValue)",
        expected: "a DeiT without a distillation token, whose class token is classified",
        found: "\(source.family.rawValue), \(source.prefixTokens) tokens before the patches, "
          + "pooling \(source.pooling.rawValue)")
    }
    switch method {
    case .evit:
      return .evit(
        blocks: try blocks(method, source, &decisions), keepRate: try keepRate(file, &decisions),
        fuses: try fuses(file, &decisions))
    }
  }

  /// What the files say, where they speak of the method that is built.
  private func said(_ key: String) throws -> ReductionKeys.Found? {
    method == keys.method ? try keys.value(key) : nil
  }

  private func blocks(
    _ method: TrainedReduction.Method, _ source: ViTConfig, _ decisions: inout Decisions
  ) throws -> [Int] {
    // People count blocks from 1, checkpoints from 0.
    func words(_ blocks: [Int]) -> String {
      blocks.map { "\($0 + 1)" }.joined(separator: ",")
    }
    func areSound(_ blocks: [Int]) -> Bool {
      !blocks.isEmpty && blocks == Set(blocks).sorted()
        && blocks.allSatisfy { (0..<source.depth).contains($0) }
    }
    if let told = options.methodBlocks {
      guard told.allSatisfy({ (1...source.depth).contains($0) }), areSound(told.map { $0 - 1 })
      else {
        throw InputError(
          option: .methodBlocks, field: "blocks",
          expected: "ascending numbers from 1 to \(source.depth), each once",
          found: "\(told.map(String.init).joined(separator: ","))")
      }
      let blocks = told.map { $0 - 1 }
      decisions.told("layers", words(blocks), from: "\(option: .methodBlocks)")
      return blocks
    }
    if let found = try said("blocks") {
      let blocks = (found.value.elements ?? []).compactMap(\.integer)
      guard blocks.count == found.value.elements?.count, areSound(blocks) else {
        throw found.fail("ascending numbers from 0 to \(source.depth - 1), each once")
      }
      decisions.told("layers", words(blocks), from: "\(found.file)")
      return blocks
    }
    let usual = method.usualBlocks
    guard areSound(usual) else {
      throw missing("layers", .methodBlocks, "blocks", in: decisions.file)
    }
    decisions.assumed(
      "layers", words(usual), "as in all models that \(method.title)'s authors released",
      or: "\(option: .methodBlocks) or token_reduction.blocks decides")
    return usual
  }

  private func keepRate(_ file: String, _ decisions: inout Decisions) throws -> Double {
    if let told = options.keepRate {
      decisions.told("keep_rate", "\(told)", from: "\(option: .keepRate)")
      return told
    }
    guard let found = try said("keep_rate") else {
      throw missing("keep_rate", .keepRate, "keep_rate", in: file)
    }
    guard let rate = found.value.double, rate > 0, rate <= 1 else {
      throw found.fail("a share in (0, 1]")
    }
    decisions.told("keep_rate", "\(rate)", from: "\(found.file)")
    return rate
  }

  private func fuses(_ file: String, _ decisions: inout Decisions) throws -> Bool {
    if let told = options.fusesTokens {
      decisions.told("fuse", "\(told)", from: "\(option: .fusesTokens)")
      return told
    }
    guard let found = try said("fuse") else {
      throw missing("fuse", .fusesTokens, "fuse", in: file)
    }
    guard let fuses = found.value.boolean else { throw found.fail("true or false") }
    decisions.told("fuse", "\(fuses)", from: "\(found.file)")
    return fuses
  }

  /// Models were released with different ones, and run with any.
  private func missing(
    _ field: Message, _ option: ImportOption, _ key: String, in file: String
  ) -> InputError {
    InputError(
      .missingValue, file: file, field: field,
      expected: "\(option: option), or token_reduction.\(key) in a configuration", found: "neither")
  }
}
