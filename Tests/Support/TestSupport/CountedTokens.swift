package import ModelFacts
package import ModelGraph
package import Passes
internal import ViTCompiler
internal import PlanFormat

/// A strategy that keeps, of each image, the tokens that are important enough, so that images keep
/// different numbers of them.
package struct CountedTokens: TokenReductionStrategy, CustomStringConvertible {
  package static let name = "counted"
  package static let sizes = SizeAwareness.ifAsked

  /// What becomes of the others.
  package var mode = GatherMode.drop

  /// Which token another joins in a mean.
  package var similarity = Similarity.cosine

  /// The least importance; without it every image keeps as many as a stage says.
  package var threshold: Threshold?

  package var isSizeAware = false

  package init(_ recipe: RewriteRecipe) { isSizeAware = recipe.isSizeAware }

  package init(
    _ mode: GatherMode, similarity: Similarity = .cosine, threshold: Float?,
    isSizeAware: Bool = false
  ) {
    (self.mode, self.similarity) = (mode, similarity)
    self.threshold = threshold.map(Threshold.init)
    self.isSizeAware = isSizeAware
  }

  package var description: String {
    "\(mode.word) by \(similarity.word)\(isSizeAware ? " with sizes" : "")"
  }

  package func prepare(_ attention: inout Attention) {
    attention.keepsClassAttention = true
    attention.keepsProbabilities = mode == .mean && similarity == .attention
  }

  package func reduce(_ tokens: ValueID, in stage: inout ReductionStage) throws -> ValueID {
    let importance = try stage.importance()
    var parts = try stage.partition(
      byImportance: importance, appendsRow: mode == .sum, threshold: threshold)
    if mode == .mean { try stage.assign(tokens, &parts, similarity, seed: 5) }
    return try stage.gather(
      tokens, parts, mode,
      weights: mode == .drop || (mode == .mean && isSizeAware) ? nil : importance,
      carriesSizes: isSizeAware)
  }

  /// The pass that puts it into a model.
  package func pass(_ stages: [RewriteRecipe.Stage], prefix: Int) -> any Pass {
    InsertTokenReduction(strategy: self, stages: stages, prefix: prefix)
  }

  /// Writes the plan `dense` with this strategy at stages. No recipe says what it is, so that
  /// `PlanCompiler.verifyProgram` refuses the result.
  package func rewrite(
    _ dense: String, stages: [RewriteRecipe.Stage], to path: String
  ) throws {
    let plan = try PlanFile(path: dense)
    let pass = pass(stages, prefix: plan.facts.prefixTokens)
    var recipe = RewriteRecipe()
    recipe.stages = stages
    try PlanCompiler.write(
      try PassDriver([pass]).run(plan.graph), of: plan.graph, recipe: recipe, from: plan, to: path)
  }
}
