internal import ModelFacts
internal import ModelGraph

/// DynamicViT's rule at inference, with attention as score: unimportant tokens are discarded.
struct DropTokens: TokenReductionStrategy {
  static let name = "drop"
  static let sizes = SizeAwareness.unchanged

  let isSizeAware: Bool

  init(_ recipe: RewriteRecipe) { isSizeAware = recipe.isSizeAware }

  func prepare(_ attention: inout Attention) { attention.keepsClassAttention = true }

  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let parts = try stage.partition(byImportance: try stage.importance())
    return try stage.gather(tokens, parts, .drop, carriesSizes: isSizeAware)
  }
}
