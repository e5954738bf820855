internal import ModelFacts
internal import ModelGraph

/// ToMe's strategy: bipartite soft matching of keys, without importance; always size-aware.
struct MatchTokens: TokenReductionStrategy {
  static let name = "tome"
  static let sizes = SizeAwareness.always

  /// ToMe's code merges every other token into one of the rest, counted from the class token. So behind one
  /// prefix token those at odd patch positions can be merged, behind two those at even ones.
  static func first(behind prefix: Int) -> Int { prefix % 2 }

  static func mostDropped(of patches: Int, behind prefix: Int) -> Int {
    (patches - first(behind: prefix) + 1) / 2
  }

  init(_ recipe: RewriteRecipe) {}

  func prepare(_ attention: inout Attention) {}

  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let parts = try stage.partitionByEdges(first: Self.first(behind: stage.prefix))
    return try stage.gather(tokens, parts, .mean, carriesSizes: true)
  }
}
