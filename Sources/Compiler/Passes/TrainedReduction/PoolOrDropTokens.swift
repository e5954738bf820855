internal import ModelFacts
internal import ModelGraph

/// PPT's strategy: where ATS's scores of an image vary little its tokens are pooled as by ToMe, else those of the least
/// score are dropped, and the others stand in the order of their scores.
///
/// Source: `tools/reference/vit_reference/methods/ppt.py`.
struct PoolOrDropTokens: TokenReductionStrategy {
  static let name = "ppt"
  static let sizes = SizeAwareness.always

  /// The constant that holds below which variance tokens are pooled.
  static let threshold = "threshold"

  let weighsAttention: Bool

  static func mostDropped(of patches: Int, behind prefix: Int) -> Int {
    MatchTokens.mostDropped(of: patches, behind: prefix)
  }

  init(_ recipe: RewriteRecipe) { weighsAttention = recipe.isSizeAware }

  func prepare(_ attention: inout Attention) { attention.keepsClassAttention = true }

  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let parts = try stage.partitionByPolicy(
      importance: try stage.importance(measuring: .value),
      first: MatchTokens.first(behind: stage.prefix),
      threshold: try stage.graph.setting(Self.threshold))
    return try stage.gather(tokens, parts, .mean, carriesSizes: true)
  }
}
