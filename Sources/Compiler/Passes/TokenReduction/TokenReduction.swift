internal import ModelFacts
internal import Tensors

/// The ways to have fewer tokens, each a composition of the ops `score`, `partition`, `assign`,
/// `bipartiteAssign`, `nearestAssign`, `greedyPartition` and `gather` in a file of its own.
package enum TokenReduction {
  /// The one list of them.
  package static let strategies: [any TokenReductionStrategy.Type] = [
    MergeTokens.self, FuseTokens.self, DropTokens.self, MatchTokens.self,
    WeightedTokens.self,
  ]

  /// The strategy of this name.
  package static func strategy(named name: String) -> (any TokenReductionStrategy.Type)? {
    strategies.first { $0.name == name }
  }

  /// What a recipe asks for.
  /// - Throws: `InputError` naming `file` if there is no such strategy.
  static func strategy(
    of recipe: RewriteRecipe, file: String
  ) throws -> any TokenReductionStrategy {
    guard let strategy = strategy(named: recipe.strategy) else {
      throw InputError(
        .unsupported, file: file, field: "recipe, strategy",
        expected: "one of \(strategies.map { $0.name }.joined(separator: ", "))",
        found: "'\(recipe.strategy)'")
    }
    return strategy.init(recipe)
  }
}
