public import ArgumentParser
internal import ModelFacts
public import ViTCompiler

/// Keep rates, separated by commas.
struct KeepRates: ExpressibleByArgument {
  let rates: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    rates = parts.compactMap { Double($0) }
    guard rates.count == parts.count else { return nil }
  }
}

/// Whole numbers, separated by commas.
struct Numbers: ExpressibleByArgument {
  let values: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = parts.compactMap { Int($0) }
    guard values.count == parts.count else { return nil }
  }
}

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
