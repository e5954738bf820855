public import Tensors

/// What errors and notes call the parts of ``ImportOptions``: by their names there.
public enum ImportOption: String, InputOption {
  case architecture, preprocessor, imageSize, heads, activation, pooling, epsilon
  case mean, standardDeviation, cropFraction, cropMode, interpolation
  case method, methodBlocks, keepRate, fusesTokens, removedTokens, varianceThreshold, countsSizes
  case gateScale, gateCenter

  /// The list that names the values of ``architecture``.
  case knownArchitectures = "Architecture.all"

  /// ``mean`` to ``interpolation`` together.
  case preprocessing = "options of preprocessing"

  /// What takes images that are tensors already, in ViTRuntime.
  case tensor = "Session.run"
}

extension ImportOptions {
  /// No graph has more tokens.
  static let mostRemoved = 1 << 24

  /// Throws unless those values are possible that no other part of the importer looks at.
  func check() throws {
    func require(_ holds: Bool, _ option: ImportOption, _ expected: Message, _ found: Any) throws {
      if holds { return }
      throw InputError(option: option, field: "value", expected: expected, found: "\(found)")
    }
    if let cropFraction {
      try require(
        cropFraction > 0.05 && cropFraction <= 4, .cropFraction, "a share in (0.05, 4]",
        cropFraction)
    }
    if let keepRate {
      try require(keepRate > 0 && keepRate <= 1, .keepRate, "a share in (0, 1]", keepRate)
    }
    if let removedTokens {
      try require(
        (0...Self.mostRemoved).contains(removedTokens), .removedTokens,
        "a number of tokens, 0 or more", removedTokens)
    }
    if let varianceThreshold {
      try require(
        varianceThreshold >= 0 && Float(varianceThreshold).isFinite, .varianceThreshold,
        "a number that is 0 or more", varianceThreshold)
    }
    for (value, option) in [(gateScale, ImportOption.gateScale), (gateCenter, .gateCenter)] {
      guard let value else { continue }
      try require(Float(value).isFinite, option, "a number", value)
    }
    if let mean {
      try require(mean.allSatisfy(\.isFinite), .mean, "finite numbers", mean)
    }
    if let standardDeviation {
      try require(
        standardDeviation.allSatisfy { $0.isFinite && $0 > 0 }, .standardDeviation,
        "positive numbers", standardDeviation)
    }
  }
}

extension Message.StringInterpolation {
  mutating func appendInterpolation(option: ImportOption) {
    appendInterpolation(Message(option: option))
  }
}

extension InputError {
  init(
    _ kind: Kind = .invalidOption, option: ImportOption, field: Message, expected: Message,
    found: Message
  ) {
    self.init(
      kind, subject: .option(option as any InputOption), field: field, expected: expected,
      found: found)
  }
}

extension InputError.Subject {
  static func option(_ option: ImportOption) -> Self { .option(option as any InputOption) }
}
