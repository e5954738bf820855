package import ModelFacts
internal import ModelGraph

/// The passes that a recipe stands for, in order: base graph to the graph that is executed.
package enum RewritePasses {
  /// Multi-scale first, so that tokens are selected among those of both scales.
  package static func passes(for recipe: RewriteRecipe, model: ModelFacts) -> [any Pass] {
    var passes: [any Pass] = []
    if let blocks = recipe.multiScaleBlocks {
      passes.append(
        InsertMultiScale(
          blocks: blocks, prefix: model.prefixTokens, gridHeight: model.gridHeight,
          gridWidth: model.gridWidth, addsLowClassToken: !recipe.isIdentityInitialised))
    }
    if !recipe.stages.isEmpty {
      passes.append(
        InsertTokenReduction(
          strategy: strategy(recipe), stages: recipe.stages, prefix: model.prefixTokens))
    }
    return passes
  }

  /// The strategies; one line each.
  private static func strategy(_ recipe: RewriteRecipe) -> any TokenReductionStrategy {
    switch recipe.strategy {
    case .merge:
      MergeTokens(
        similarity: recipe.similarity, seed: recipe.seed, isSizeAware: recipe.isSizeAware)
    case .fuse: FuseTokens(isSizeAware: recipe.isSizeAware)
    case .drop: DropTokens(isSizeAware: recipe.isSizeAware)
    case .tome: MatchTokens()
    }
  }
}
