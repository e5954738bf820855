internal import ModelFacts
internal import ModelGraph

/// ATS's strategy: the tokens stay that even steps along the running sum of their scores meet, as many steps as the grid
/// has patches.
///
/// The authors' code leaves queries out inside attention; as a query changes no other token's output, they are left out
/// behind it here. Source: `tools/reference/vit_reference/methods/ats.py`.
struct SampleTokens: TokenReductionStrategy {
  static let name = "ats"
  static let sizes = SizeAwareness.unchanged
  static let choosesCounts = true

  let steps: Int

  init(steps: Int) { self.steps = steps }

  init(_ recipe: RewriteRecipe) { self.init(steps: 0) }

  func prepare(_ attention: inout Attention) { attention.keepsClassAttention = true }

  func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let parts = try stage.select(
      by: try stage.importance(measuring: .value),
      Select(patches: stage.patches, steps: steps))
    return try stage.gather(tokens, parts, .drop, carriesSizes: false)
  }
}
