internal import ModelFacts
internal import ModelGraph

/// EViT's strategy: the unimportant tokens become one more token, their sum weighted by importance.
struct FuseTokens: TokenReductionStrategy {
  static let name = "fuse"
  static let sizes = SizeAwareness.ifAsked
  static let appendedRows = 1

  let isSizeAware: Bool

  init(_ recipe: RewriteRecipe) { isSizeAware = recipe.isSizeAware }

  func prepare(_ attention: inout Attention) { attention.keepsClassAttention = true }

  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let importance = try stage.importance()
    let parts = try stage.partition(byImportance: importance, appendsRow: true)
    return try stage.gather(
      tokens, parts, .sum, weights: importance, carriesSizes: isSizeAware)
  }
}
