public import Tensors

/// What errors and notes call the parts of ``ImportOptions``: by their names there.
public enum ImportOption: String, InputOption {
  case architecture, preprocessor, imageSize, heads, activation, pooling, epsilon
  case mean, standardDeviation, cropFraction, cropMode, interpolation

  /// The list that names the values of ``architecture``.
  case knownArchitectures = "Architecture.all"

  /// ``mean`` to ``interpolation`` together.
  case preprocessing = "options of preprocessing"

  /// What takes images that are tensors already, in ViTRuntime.
  case tensor = "Session.run"
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
      kind, subject: .option(option), field: field, expected: expected, found: found)
  }
}

extension InputError.Subject {
  static func option(_ option: ImportOption) -> Self { .option(option as any InputOption) }
}
