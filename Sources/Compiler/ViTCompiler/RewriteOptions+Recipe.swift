package import ModelFacts
package import Passes
package import PlanFormat
internal import Tensors

extension RewriteOptions {
  /// What is asked for, checked against the model. Errors name the options by ``RewriteOptions/Option``.
  package func recipe(for file: PlanFile) throws -> RewriteRecipe {
    let facts = file.facts
    var recipe = RewriteRecipe()
    recipe.strategy = strategy.rawValue
    recipe.similarity = similarity
    recipe.seed = seed
    recipe.isSizeAware = isSizeAware || strategy.definition.sizes == .always
    let blocks = try selectionBlocks(facts, of: file.path)
    if !keepRates.isEmpty { recipe.stages = try stages(blocks, facts) }
    if multiScale != .off {
      try checkGrid(file)
      recipe.multiScaleBlocks = blocks[0] - 1
      recipe.isIdentityInitialised = multiScale == .identity
    }
    guard !recipe.isEmpty else {
      throw InputError(
        option: .keepRates, field: "rates", expected: "one below 1, or \(option: .multiScale)",
        found: "rates that keep every token, so nothing would change")
    }
    return recipe
  }

  private func selectionBlocks(_ facts: ModelFacts, of plan: String) throws -> [Int] {
    let chosen = blocks ?? facts.defaultSelectionBlocks
    guard !chosen.isEmpty, chosen == Set(chosen).sorted(),
      chosen.allSatisfy({ (1...facts.depth).contains($0) })
    else {
      let expected = "ascending numbers from 1 to \(facts.depth), each once"
      let found = chosen.map(String.init).joined(separator: ",")
      throw blocks == nil
        ? InputError(
          file: plan, field: "facts, default_selection_blocks", expected: expected, found: found)
        : InputError(
          option: .blocks, field: "blocks", expected: "\(expected)", found: "\(found)")
    }
    return chosen
  }

  private func stages(_ blocks: [Int], _ facts: ModelFacts) throws -> [RewriteRecipe.Stage] {
    guard keepRates.count == 1 || keepRates.count == blocks.count else {
      throw InputError(
        option: .keepRates, field: "rates", expected: "1 or \(blocks.count), one a layer",
        found: "\(keepRates.count)")
    }
    var stages: [RewriteRecipe.Stage] = []
    var patches = facts.gridHeight * facts.gridWidth
    for (index, block) in blocks.enumerated() {
      let rate = keepRates.count == 1 ? keepRates[0] : keepRates[index]
      guard rate > 0, rate <= 1 else {
        throw InputError(
          option: .keepRates, field: "rate", expected: "a share in (0, 1]", found: "\(rate)")
      }
      let stage = RewriteRecipe.Stage(block: block - 1, keepRate: rate)
      let left = stage.keptTokens(of: patches)
      guard left < patches else { continue }
      let most = strategy.definition.mostDropped(of: patches, behind: facts.prefixTokens)
      guard patches - left <= most else {
        throw InputError(
          option: .keepRates, field: "block \(block)",
          expected: "\(strategy.rawValue) to take away at most \(most) of \(patches) tokens",
          found: "\(patches - left)")
      }
      stages.append(stage)
      patches = left + strategy.definition.appendedRows
    }
    return stages
  }

  private func checkGrid(_ plan: PlanFile) throws {
    let facts = plan.facts
    guard facts.gridHeight % 2 == 0, facts.gridWidth % 2 == 0 else {
      throw InputError(
        .unsupported, file: plan.path, field: "\(option: .multiScale)",
        expected: "a grid of patches that is even both ways",
        found: "\(facts.gridHeight) x \(facts.gridWidth)")
    }
  }
}

extension RewriteOptions.Strategy {
  /// What is known of the strategy. Only those of the list can be made.
  package var definition: any TokenReductionStrategy.Type {
    guard let strategy = TokenReduction.strategy(named: rawValue) else {
      preconditionFailure("\(rawValue) is no strategy")
    }
    return strategy
  }
}
