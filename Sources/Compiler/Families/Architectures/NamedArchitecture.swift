internal import Tensors

/// The architecture that an option or a configuration names. A name says what no tensor shows, so one that
/// is not known is an error, and one that needs more than is built is refused before tensors are read.
struct NamedArchitecture {
  let architecture: Architecture

  /// The option, or the configuration.
  let source: InputError.Subject

  /// - Throws: `InputError` for names that are not known or not supported.
  static func find(_ config: ModelConfig, _ options: ImportOptions) throws -> NamedArchitecture? {
    if let name = options.architecture {
      guard let known = Architecture.tagged(name) else {
        throw InputError(
          option: .architecture, field: "\(name)",
          expected: "a name that \(option: .knownArchitectures) lists",
          found: "another")
      }
      return try NamedArchitecture(architecture: known, source: .option(.architecture))
        .checked(config, options)
    }
    _ = try config.output()
    guard let name = try config.architecture() else { return nil }
    guard let known = Architecture.tagged(name) else {
      throw InputError(
        .unsupported, file: config.path, field: "architecture",
        expected: "a name that \(option: .knownArchitectures) lists; "
          + "\(option: .architecture) names the one that it is like",
        found: "\(name)")
    }
    return try NamedArchitecture(architecture: known, source: .file(config.path))
      .checked(config, options)
  }

  private func checked(_ config: ModelConfig, _ options: ImportOptions) throws -> NamedArchitecture
  {
    var missing = architecture.needs.map(\.words)
    // Pooling has an option and an argument of its own.
    if options.pooling == nil, config.model("global_pool") == nil,
      let pooling = Pooling.refusal(architecture.pooling)
    {
      missing.append(pooling)
    }
    guard !missing.isEmpty else { return self }
    throw InputError(
      .unsupported, subject: source, field: "architecture",
      expected: "\(OtherModels.expected)",
      found: "\(architecture.name), which needs \(missing.joined(separator: ", ")); "
        + "it is not supported yet")
  }
}
