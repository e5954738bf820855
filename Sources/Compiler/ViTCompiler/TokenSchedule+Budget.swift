package import ModelFacts
internal import ModelGraph
package import Passes
package import PlanFormat
internal import Tensors

extension TokenSchedule {
  /// The schedule of these proportions that meets a budget, with as few tokens taken away as that needs: with one
  /// fewer it would be missed.
  ///
  /// What it costs is what its plan executes, so that the budget is never exceeded, however costs and numbers of
  /// tokens hang together.
  /// - Parameters:
  ///   - recipe: all but its stages.
  ///   - executed: the multiply-adds that an image takes of the model as a recipe rewrites it.
  /// - Throws: `InputError` naming the budget if it is none, is met by every token, or cannot be met.
  package func meeting(
    _ budget: RewriteOptions.Budget, of plan: PlanFile,
    by strategy: any TokenReductionStrategy.Type, recipe: RewriteRecipe,
    executed: (RewriteRecipe) throws -> Int
  ) throws -> TokenSchedule {
    let dense = plan.graph.multiplyAdds
    let limit = try budget.limit(dense: dense)
    let facts = plan.facts
    func cost(_ schedule: TokenSchedule) throws -> Int {
      var recipe = recipe
      recipe.stages = try schedule.stages(of: strategy, model: facts, option: budget.option)
      return try executed(recipe)
    }
    func scaled(_ total: Int) -> TokenSchedule {
      self.scaled(to: total, by: strategy, model: facts)
    }
    let all = try cost(scaled(0))
    guard all > limit else {
      throw budget.error(expected: "less than the", all, "that every token takes", dense)
    }
    // Then each block that loses any is asked for all that there are, if they are asked for as many.
    var (missed, met) = (0, min(facts.patches, 1 << 24) * removed.count { $0 > 0 })
    let least = try cost(scaled(met))
    guard least <= limit else {
      throw budget.error(
        expected: "at least the", least,
        "that are left when \(strategy.name) has taken away all it can by this schedule", dense)
    }
    while met - missed > 1 {
      let middle = (met + missed) / 2
      if try cost(scaled(middle)) <= limit { met = middle } else { missed = middle }
    }
    return scaled(met)
  }
}

extension RewriteOptions.Budget {
  /// What errors and notes call it.
  package var option: RewriteOption {
    switch self {
    case .share: .budgetShare
    case .gigaMultiplyAdds: .budgetMultiplyAdds
    }
  }

  private var value: Double {
    switch self {
    case .share(let value), .gigaMultiplyAdds(let value): value
    }
  }

  /// The most multiply-adds, of a model that takes `dense` as papers count them.
  /// - Throws: `InputError` if it is no number that can be met.
  func limit(dense: Int) throws -> Int {
    let isShare = option == .budgetShare
    guard value > 0, value < (isShare ? 1 : .infinity) else {
      throw InputError(
        option: option, field: isShare ? "share" : "multiply-adds",
        expected: isShare ? "a share above 0 and below 1" : "a number above 0", found: "\(value)")
    }
    // No graph takes more than can be counted exactly.
    return Int(min(isShare ? value * Double(dense) : value * 1e9, 0x1p53).rounded(.down))
  }

  fileprivate func error(
    expected word: String, _ multiplyAdds: Int, _ reason: String, _ dense: Int
  ) -> InputError {
    switch self {
    case .share:
      InputError(
        option: option, field: "share",
        expected: "\(word) \(Double(multiplyAdds) / Double(dense)) \(reason)", found: "\(value)")
    case .gigaMultiplyAdds:
      InputError(
        option: option, field: "multiply-adds",
        expected: "\(word) \(Double(multiplyAdds) / 1e9) G \(reason)", found: "\(value)")
    }
  }
}
