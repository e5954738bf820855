internal import ArgumentParser
internal import ViTCompiler

/// Keep rates, separated by commas.
struct KeepRates: ExpressibleByArgument {
  let rates: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    rates = parts.compactMap { Double($0) }
    guard rates.count == parts.count else { return nil }
  }
}

/// Block numbers, separated by commas.
struct Layers: ExpressibleByArgument {
  let blocks: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    blocks = parts.compactMap { Int($0) }
    guard blocks.count == parts.count else { return nil }
  }
}

/// `--strategy`.
enum StrategyArgument: String, ExpressibleByArgument, CaseIterable {
  case merge, fuse, drop, tome

  var strategy: RewriteOptions.Strategy {
    switch self {
    case .merge: .merge
    case .fuse: .fuse
    case .drop: .drop
    case .tome: .tome
    }
  }
}

/// `--similarity`.
enum SimilarityArgument: String, ExpressibleByArgument, CaseIterable {
  case cosine, l1, l2, attention, random

  var similarity: RewriteOptions.Similarity {
    switch self {
    case .cosine: .cosine
    case .l1: .l1
    case .l2: .l2
    case .attention: .attention
    case .random: .random
    }
  }
}

/// `--multiscale-init`.
enum MultiScaleInitialisation: String, ExpressibleByArgument, CaseIterable {
  case identity
}
