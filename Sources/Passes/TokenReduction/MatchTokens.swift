internal import ModelFacts
internal import ModelGraph

/// ToMe's strategy: bipartite soft matching of keys, without importance; always size-aware.
struct MatchTokens: TokenReductionStrategy {
  static let name = "tome"
  static let sizes = SizeAwareness.always

  /// Tokens at odd patch positions can be merged into those at even ones.
  private static let first = 1

  static func mostDropped(of patches: Int, behind prefix: Int) -> Int { patches / 2 }

  init(_ recipe: RewriteRecipe) {}

  func prepare(_ attention: inout Attention) {}

  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let parts = try stage.partitionByEdges(first: Self.first)
    return try stage.gather(tokens, parts, .mean, carriesSizes: true)
  }
}
