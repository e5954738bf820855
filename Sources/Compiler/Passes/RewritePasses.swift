package import ModelFacts
internal import ModelGraph

/// The passes that a recipe stands for, in order: base graph to the graph that is executed.
package enum RewritePasses {
  /// Multi-scale first, so that tokens are selected among those of both scales.
  /// - Throws: `InputError` naming `file` if the recipe's strategy is unknown.
  package static func passes(
    for recipe: RewriteRecipe, model: ModelFacts, file: String
  ) throws -> [any Pass] {
    var passes: [any Pass] = []
    if let blocks = recipe.multiScaleBlocks {
      passes.append(
        InsertMultiScale(
          blocks: blocks, prefix: model.prefixTokens, gridHeight: model.gridHeight,
          gridWidth: model.gridWidth, addsLowClassToken: !recipe.isIdentityInitialised))
    }
    if let method = TrainedMethods.pass(for: recipe, model: model) {
      passes.append(method)
    } else if !recipe.stages.isEmpty {
      passes.append(
        InsertTokenReduction(
          strategy: try TokenReduction.strategy(of: recipe, file: file), stages: recipe.stages,
          prefix: model.prefixTokens, hasClassToken: model.details.hasClassToken))
    }
    return passes
  }
}
