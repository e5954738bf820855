internal import ModelFacts

/// The methods that models are trained with for fewer tokens and that no rewrite of another model can ask for, by the
/// name that recipes have of them.
package enum TrainedMethods {
  package static let dynamicvit = InsertPredictors.method
  package static let evovit = InsertWaiting.method
  package static let ppt = PoolOrDropTokens.name
  package static let avit = InsertHalting.method
  package static let asvit = InsertThresholds.method
  package static let ats = SampleTokens.name
  package static let spvit = InsertPackages.method

  /// All of them.
  package static let names = [dynamicvit, evovit, ppt, avit, asvit, ats, spvit]

  /// The pass that makes such a model of its base graph; nil if a recipe speaks of no such method.
  static func pass(for recipe: RewriteRecipe, model: ModelFacts) -> (any Pass)? {
    switch recipe.strategy {
    case dynamicvit:
      InsertPredictors(stages: recipe.stages, prefix: model.prefixTokens)
    case evovit:
      InsertWaiting(stages: recipe.stages, prefix: model.prefixTokens)
    case ppt:
      InsertTokenReduction(
        strategy: PoolOrDropTokens(recipe), stages: recipe.stages, prefix: model.prefixTokens)
    case avit: InsertHalting(depth: model.depth)
    case asvit: InsertThresholds(stages: recipe.stages, prefix: model.prefixTokens)
    case spvit:
      InsertPackages(stages: recipe.stages, prefix: model.prefixTokens, heads: model.heads)
    case ats:
      InsertTokenReduction(
        strategy: SampleTokens(steps: model.patches), stages: recipe.stages,
        prefix: model.prefixTokens)
    default: nil
    }
  }
}
