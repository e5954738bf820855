public import ArgumentParser
internal import ModelFacts
public import ViTCompiler

// `--strategy`.
extension RewriteOptions.Strategy: ExpressibleByArgument {}

// `--similarity`.
extension RewriteOptions.Similarity: ExpressibleByArgument {
  /// The similarity of this name.
  public init?(argument: String) {
    guard let similarity = Self.allCases.first(where: { $0.word == argument }) else { return nil }
    self = similarity
  }

  /// The names of all.
  public static var allValueStrings: [String] { allCases.map(\.word) }
}

/// `--multiscale-init`.
enum MultiScaleInitialisation: String, ExpressibleByArgument, CaseIterable {
  case identity
}
