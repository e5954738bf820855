package import Families
package import ModelFacts
internal import Passes

extension TrainedReduction {
  /// The rewrite that makes a model of it of the model that keeps all tokens.
  package func recipe(for facts: ModelFacts) -> RewriteRecipe {
    var recipe = RewriteRecipe()
    switch self {
    case .evit(let blocks, let keepRate, let fuses):
      let strategy = fuses ? RewriteOptions.Strategy.fuse : .drop
      recipe.strategy = strategy.rawValue
      var patches = facts.patches
      for block in blocks {
        // As EViT's code has it, which takes a product for what it is; a stage forgives its rounding.
        let kept = Int((keepRate * Double(patches)).rounded(.up))
        guard kept < patches else { continue }
        let stage = RewriteRecipe.Stage(block: block, keepRate: keepRate)
        recipe.stages.append(
          stage.keptTokens(of: patches) == kept
            ? stage : .init(block: block, keeping: kept, of: patches))
        patches = kept + strategy.definition.appendedRows
      }
    }
    return recipe
  }
}
