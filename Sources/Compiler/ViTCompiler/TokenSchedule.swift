package import ModelFacts
package import Passes
internal import Tensors

/// How many patch tokens leave behind the attention of each block, whatever the strategy.
package struct TokenSchedule: Sendable, Equatable {
  /// From the first block on, none below 0; blocks that are not listed lose none. Of a strategy that appends a
  /// row, by how many there are fewer then.
  package var removed: [Int]

  package init(_ removed: [Int]) { self.removed = removed }

  /// Those that a recipe's stages take away of a model's.
  package init(
    _ stages: [RewriteRecipe.Stage], of strategy: any TokenReductionStrategy.Type,
    model: ModelFacts
  ) {
    removed = []
    var patches = model.patches
    for stage in stages {
      removed += [Int](repeating: 0, count: stage.block - removed.count)
      let left = stage.keptTokens(of: patches)
      removed.append(left < patches ? patches - left - strategy.appendedRows : 0)
      patches -= removed[stage.block]
    }
  }

  /// How many leave in all.
  package var total: Int { removed.reduce(0, +) }

  /// As many as asked, or as many as the strategy can take away of those that are left.
  package func clamped(
    to strategy: any TokenReductionStrategy.Type, model: ModelFacts
  ) -> TokenSchedule {
    walk(strategy, model) { count, most in min(count, most) }
  }

  /// The same proportions with `total` tokens in all, or as many of these as the strategy can take away.
  ///
  /// It is the sums from the first block on that are rounded, down, so that one token more in all changes little.
  /// What a block cannot lose the next that loses any does.
  package func scaled(
    to total: Int, by strategy: any TokenReductionStrategy.Type, model: ModelFacts
  ) -> TokenSchedule {
    let whole = max(1, self.total)
    var (asked, gone) = (0, 0)
    return walk(strategy, model) { count, most in
      guard count > 0 else { return 0 }
      asked += count
      let product = total.multipliedFullWidth(by: asked)
      let removed = min(whole.dividingFullWidth(product).quotient - gone, most)
      gone += removed
      return removed
    }
  }

  /// The stages of a recipe that take exactly so many away.
  /// - Throws: `InputError` naming `option` if a block cannot lose so many.
  package func stages(
    of strategy: any TokenReductionStrategy.Type, model: ModelFacts, option: RewriteOption
  ) throws -> [RewriteRecipe.Stage] {
    var stages: [RewriteRecipe.Stage] = []
    var patches = model.patches
    for (block, count) in removed.enumerated() where count > 0 {
      let most = strategy.mostRemoved(of: patches, behind: model.prefixTokens)
      guard count <= most else {
        throw InputError(
          option: option, field: "block \(block + 1)",
          expected: "\(strategy.name) to take away at most \(most) of \(patches) tokens",
          found: "\(count)")
      }
      stages.append(
        .init(block: block, keeping: patches - count - strategy.appendedRows, of: patches))
      patches -= count
    }
    return stages
  }

  /// What `change` makes of each block's count, of which it is told how many the strategy can take away.
  private func walk(
    _ strategy: any TokenReductionStrategy.Type, _ model: ModelFacts,
    _ change: (_ count: Int, _ most: Int) -> Int
  ) -> TokenSchedule {
    var patches = model.patches
    var result = self
    for (block, count) in removed.enumerated() {
      let most = strategy.mostRemoved(of: patches, behind: model.prefixTokens)
      result.removed[block] = change(count, most)
      patches -= result.removed[block]
    }
    return result
  }
}
