internal import ModelFacts
internal import ModelGraph

/// The paper's strategy: each unimportant token joins the important one that is most similar to it
/// (eq. 4); if asked by the number of patches that tokens stand for.
struct MergeTokens: TokenReductionStrategy {
  static let name = "merge"
  static let takesSimilarity = true
  static let sizes = SizeAwareness.ifAsked

  let similarity: Similarity
  let seed: Int
  let isSizeAware: Bool

  init(_ recipe: RewriteRecipe) {
    (similarity, seed) = (recipe.similarity, recipe.seed)
    isSizeAware = recipe.isSizeAware
  }

  func prepare(_ attention: inout Attention) {
    attention.keepsClassAttention = true
    attention.keepsProbabilities = similarity == .attention
  }

  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let importance = try stage.importance()
    var parts = try stage.partition(byImportance: importance)
    try stage.assign(tokens, &parts, similarity, seed: seed)
    return try stage.gather(
      tokens, parts, .mean, weights: isSizeAware ? nil : importance, carriesSizes: isSizeAware)
  }
}
