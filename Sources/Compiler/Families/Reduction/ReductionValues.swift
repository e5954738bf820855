internal import JSON
internal import Tensors

/// Decides the values that a method is told: options before what files say of that method before what its authors'
/// models have.
struct ReductionValues {
  let method: TrainedReduction.Method
  let keys: ReductionKeys
  let options: ImportOptions

  /// The checkpoint.
  let file: String
  var decisions: Decisions

  /// What the files say, where they speak of this method.
  private func said(_ key: ReductionKey) throws -> ReductionKeys.Found? {
    method == keys.method ? try keys.value(key.rawValue) : nil
  }

  /// The blocks that reduce, counted from 0; `count` of them, where that is known.
  mutating func blocks(_ source: ViTConfig, count: Int? = nil) throws -> [Int] {
    let blocks = try anyBlocks(source)
    guard let count, blocks.count != count else { return blocks }
    throw InputError(
      .contradiction, file: file, field: "layers",
      expected: "\(count) blocks, one for each predictor; \(option: .methodBlocks) decides",
      found: Self.words(blocks).map { "\($0)" }.joined(separator: ","))
  }

  /// People count blocks from 1, checkpoints from 0.
  private static func words(_ blocks: [Int]) -> [Int] { blocks.map { $0 + 1 } }

  private mutating func anyBlocks(_ source: ViTConfig) throws -> [Int] {
    func text(_ blocks: [Int]) -> String {
      Self.words(blocks).map(String.init).joined(separator: ",")
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
      decisions.told("layers", text(blocks), from: "\(option: .methodBlocks)")
      return blocks
    }
    if let found = try said(.blocks) {
      let blocks = (found.value.elements ?? []).compactMap(\.integer)
      guard blocks.count == found.value.elements?.count, areSound(blocks) else {
        throw found.fail("ascending numbers from 0 to \(source.depth - 1), each once")
      }
      decisions.told("layers", text(blocks), from: "\(found.file)")
      return blocks
    }
    guard let usual = method.usualBlocks(of: source.depth, isLVViT: source.family == .lvvit) else {
      throw missing("layers", .blocks)
    }
    decisions.assumed(
      "layers", text(usual), "as in all models that \(method.title)'s authors released",
      or: "\(option: .methodBlocks) or token_reduction.blocks decides")
    return usual
  }

  /// The share of tokens that stay. Models were released with different ones, and run with any.
  mutating func keepRate() throws -> Double {
    try value(.keepRate, options.keepRate, "a share in (0, 1]") { json in
      json.double.flatMap { $0 > 0 && $0 <= 1 ? $0 : nil }
    }
  }

  /// How many tokens leave at most.
  mutating func removed() throws -> Int {
    try value(.remove, options.removedTokens, "a number of tokens, 0 or more", usual: 50) { json in
      json.integer.flatMap { (0...ImportOptions.mostRemoved).contains($0) ? $0 : nil }
    }
  }

  /// The variance of scores below which tokens are pooled.
  mutating func threshold() throws -> Float {
    Float(
      try value(
        .threshold, options.varianceThreshold, "a number that is 0 or more", usual: 7e-5
      ) { json in json.double.flatMap { $0 >= 0 && Float($0).isFinite ? $0 : nil } })
  }

  /// A number of A-ViT's gate. Models were released with different ones.
  mutating func gate(_ key: ReductionKey, _ told: Double?) throws -> Float {
    Float(
      try value(key, told, "a number") { json in
        json.double.flatMap { Float($0).isFinite ? $0 : nil }
      })
  }

  /// What is left of 1 where a token of A-ViT halts.
  mutating func epsilon() throws -> Float {
    Float(
      try value(.epsilon, nil, "a number in (0, 1)", usual: 0.01) { json in
        json.double.flatMap { Float($0) > 0 && Float($0) < 1 ? $0 : nil }
      })
  }

  /// Yes or no.
  mutating func flag(_ key: ReductionKey, _ told: Bool?, usual: Bool? = nil) throws -> Bool {
    try value(key, told, "true or false", usual: usual, read: \.boolean)
  }

  /// Throws unless each stage leaves a token.
  func checkCount(_ counts: [Int]) throws {
    guard let none = counts.firstIndex(where: { $0 < 1 }) else { return }
    let expected: Message = "a share of the patches that leaves a token in each stage"
    let found: Message = "none in stage \(none + 1)"
    guard options.keepRate == nil, let said = try said(.keepRate) else {
      throw InputError(option: .keepRate, field: "rate", expected: expected, found: found)
    }
    throw InputError(file: said.file, field: "\(said.field)", expected: expected, found: found)
  }

  private mutating func value<Value>(
    _ key: ReductionKey, _ told: Value?, _ expected: String, usual: Value? = nil,
    read: (JSONValue) -> Value?
  ) throws -> Value {
    if let told, let option = key.option {
      decisions.told(key.rawValue, "\(told)", from: "\(option: option)")
      return told
    }
    if let found = try said(key) {
      guard let value = read(found.value) else { throw found.fail(expected) }
      decisions.told(key.rawValue, "\(value)", from: "\(found.file)")
      return value
    }
    guard let usual else { throw missing("\(key.rawValue)", key) }
    decisions.assumed(
      key.rawValue, "\(usual)", "the default of \(method.title)'s code",
      or: key.option.map { "\(option: $0) or token_reduction.\(key.rawValue) decides" }
        ?? "token_reduction.\(key.rawValue) decides")
    return usual
  }

  private func missing(_ field: Message, _ key: ReductionKey) -> InputError {
    InputError(
      .missingValue, file: file, field: field,
      expected: (key.option.map { "\(option: $0), or " } ?? "")
        + "token_reduction.\(key.rawValue) in a configuration",
      found: "neither")
  }
}
