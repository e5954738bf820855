internal import ModelFacts
internal import ModelGraph

/// Without training the best of these: the pairs of tokens that are alike and of little importance become one, by
/// ascending cost, weighed by importance and size; always size-aware.
struct WeightedTokens: TokenReductionStrategy {
  static let name = "weighted"
  static let sizes = SizeAwareness.always

  static func mostDropped(of patches: Int, behind prefix: Int) -> Int {
    GreedyPartition.mostDropped(of: patches)
  }

  init(_ recipe: RewriteRecipe) {}

  func prepare(_ attention: inout Attention) { attention.keepsClassAttention = true }

  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let (parts, weights) = try stage.partitionGreedily(
      tokens, importance: try stage.importance())
    return try stage.gather(tokens, parts, .mean, weights: weights, carriesSizes: true)
  }
}
