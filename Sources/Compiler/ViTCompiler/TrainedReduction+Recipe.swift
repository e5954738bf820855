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
    case .dynamicvit(let blocks, let keepRate):
      recipe.strategy = TrainedMethods.dynamicvit
      let counts = Self.dynamicCounts(facts.patches, keepRate, stages: blocks.count)
      recipe.stages = Self.stages(blocks, keeping: counts, of: facts.patches)
    case .avit:
      recipe.strategy = TrainedMethods.avit
      recipe.stages = (0..<max(0, facts.depth - 1)).map { .init(block: $0, keepRate: 1) }
    case .asvit(let blocks):
      recipe.strategy = TrainedMethods.asvit
      recipe.stages = blocks.map { .init(block: $0, keepRate: 1) }
    case .ats(let blocks):
      recipe.strategy = TrainedMethods.ats
      recipe.stages = blocks.map { .init(block: $0, keepRate: 1) }
    case .spvit(let blocks):
      recipe.strategy = TrainedMethods.spvit
      recipe.stages = blocks.map { .init(block: $0, keepRate: 1) }
    case .evovit:
      recipe.strategy = TrainedMethods.evovit
      recipe.stages = Self.evovitSplits.map {
        .init(block: $0, keeping: facts.patches / 2, of: facts.patches)
      }
    case .ppt(let blocks, let remove, _, let isSizeAware):
      recipe.strategy = TrainedMethods.ppt
      recipe.isSizeAware = isSizeAware
      var (patches, counts) = (facts.patches, [Int]())
      for _ in blocks {
        patches -= min(remove, patches / 2)
        counts.append(patches)
      }
      recipe.stages = Self.stages(blocks, keeping: counts, of: facts.patches)
    }
    return recipe
  }

  /// A stage for each block, also where it keeps as many as there are: the predictor of a stage is that of its place.
  private static func stages(
    _ blocks: [Int], keeping counts: [Int], of patches: Int
  ) -> [RewriteRecipe.Stage] {
    zip(blocks, zip([patches] + counts, counts)).map { block, counts in
      .init(block: block, keeping: counts.1, of: counts.0)
    }
  }
}
