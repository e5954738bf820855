package import ModelFacts
package import Passes
package import PlanFormat
package import Tensors

extension RewriteOptions {
  /// What is asked for, checked against the model. Errors and notes name the options by
  /// ``RewriteOptions/Option``.
  /// - Parameter executed: the multiply-adds that an image takes of the model as a recipe rewrites it; asked with a
  ///   budget only.
  /// - Returns: the recipe, and what differs from what was asked for.
  package func recipe(
    for file: PlanFile, executed: (RewriteRecipe) throws -> Int
  ) throws -> (recipe: RewriteRecipe, notes: [Message]) {
    try file.requireUntrained()
    try checkStrategy()
    let facts = file.facts
    var recipe = RewriteRecipe()
    recipe.strategy = strategy.rawValue
    recipe.similarity = similarity
    recipe.seed = seed
    recipe.isSizeAware = isSizeAware || strategy.definition.sizes == .always
    let blocks = try selectionBlocks(facts, of: file.path)
    if multiScale != .off {
      try checkGrid(file)
      recipe.multiScaleBlocks = blocks[0] - 1
      recipe.isIdentityInitialised = multiScale == .identity
    }
    var notes: [Message] = []
    if let budget {
      let asked = try proportions(blocks, facts)
      let schedule = try asked.meeting(
        budget, of: file, by: strategy.definition, recipe: recipe, executed: executed)
      recipe.stages = try schedule.stages(
        of: strategy.definition, model: facts, option: budget.option)
      let counts = schedule.removed.map(String.init).joined(separator: ",")
      notes.append(
        "\(option: budget.option): the same as \(option: .removedCounts) \(counts)")
    } else {
      recipe.stages = try stages(blocks, facts, &notes)
    }
    guard !recipe.isEmpty else {
      throw InputError(
        option: scheduleOption, field: removal == nil ? "rates" : "tokens",
        expected: removal == nil
          ? "one below 1, or \(option: .multiScale)" : "a block that loses one",
        found:
          "\(removal == nil ? "rates" : "numbers") that keep every token, so nothing would change")
    }
    return (recipe, notes)
  }

  /// Throws if something is asked for that the strategy takes no notice of.
  package func checkStrategy() throws {
    try strategy.checkSizes(isSizeAware: isSizeAware)
    guard similarity == .cosine || strategy.definition.takesSimilarity else {
      throw InputError(
        option: .similarity, field: "strategy", expected: Self.strategyWithSimilarity,
        found: "\(strategy.rawValue)")
    }
    guard seed == 0 || similarity == .random else {
      throw InputError(
        option: .seed, field: "similarity", expected: "random", found: "\(similarity.word)")
    }
  }

  /// The strategies that a similarity can be chosen for.
  static let strategyWithSimilarity: Message = {
    let names = TokenReduction.strategies.filter { $0.takesSimilarity }.map { $0.name }
    return "\(option: .strategy) \(names.joined(separator: " or "))"
  }()

  /// The option that says how many tokens go.
  private var scheduleOption: Option {
    switch removal {
    case nil: .keepRates
    case .counts: .removedCounts
    case .everywhere: .removedEverywhere
    }
  }

  /// The blocks that select, counted from 1; with numbers of tokens the first that loses any.
  private func selectionBlocks(_ facts: ModelFacts, of plan: String) throws -> [Int] {
    if let removal {
      guard keepRates.isEmpty, blocks == nil else {
        throw InputError(
          .contradiction, option: scheduleOption, field: "schedule",
          expected: "neither \(option: .keepRates) nor \(option: .blocks)", found: "one of them")
      }
      let counts = try counts(removal, facts)
      if let first = counts.firstIndex(where: { $0 > 0 }) { return [first + 1] }
    }
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

  /// How many tokens each block is to lose, whether it can or not.
  private func counts(_ removal: Removal, _ facts: ModelFacts) throws -> [Int] {
    let counts: [Int]
    switch removal {
    case .counts(let listed): counts = listed
    case .everywhere(let count): counts = .init(repeating: count, count: facts.depth)
    }
    guard (1...facts.depth).contains(counts.count) else {
      throw InputError(
        option: scheduleOption, field: "numbers", expected: "1 to \(facts.depth), one a block",
        found: "\(counts.count)")
    }
    // Graphs have no more tokens, so that sums and products of these cannot overflow.
    let most = min(facts.patches, 1 << 24)
    for count in counts where count < 0 || (count > most && scheduleOption == .removedCounts) {
      throw InputError(
        option: scheduleOption, field: "tokens", expected: "0 to \(max(0, most))",
        found: "\(count)")
    }
    return counts.map { min($0, max(0, most)) }
  }

  /// The stages that are asked for, not to be scaled.
  private func stages(
    _ blocks: [Int], _ facts: ModelFacts, _ notes: inout [Message]
  ) throws -> [RewriteRecipe.Stage] {
    guard let removal else { return keepRates.isEmpty ? [] : try stages(blocks, facts) }
    let asked = TokenSchedule(try counts(removal, facts))
    guard case .everywhere(let count) = removal else {
      return try asked.stages(of: strategy.definition, model: facts, option: scheduleOption)
    }
    let schedule = asked.clamped(to: strategy.definition, model: facts)
    let fewer = schedule.removed.enumerated().filter { $0.element < count }
    if let first = fewer.first {
      let lost = fewer.map { "\($0.element)" }.joined(separator: ", ")
      notes.append(
        """
        \(option: .removedEverywhere): from block \(first.offset + 1) on \(strategy.rawValue) can take away \
        fewer than \(count): \(lost)
        """)
    }
    return try schedule.stages(of: strategy.definition, model: facts, option: scheduleOption)
  }

  /// What a budget scales: what is asked for, or what the paper takes away.
  private func proportions(_ blocks: [Int], _ facts: ModelFacts) throws -> TokenSchedule {
    if let removal { return TokenSchedule(try counts(removal, facts)) }
    var options = self
    if keepRates.isEmpty { options.keepRates = [0.7] }
    return TokenSchedule(
      try options.stages(blocks, facts), of: strategy.definition, model: facts)
  }

  private func stages(_ blocks: [Int], _ facts: ModelFacts) throws -> [RewriteRecipe.Stage] {
    guard keepRates.count == 1 || keepRates.count == blocks.count else {
      throw InputError(
        option: .keepRates, field: "rates", expected: "1 or \(blocks.count), one a layer",
        found: "\(keepRates.count)")
    }
    var stages: [RewriteRecipe.Stage] = []
    var patches = facts.patches
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
    guard facts.details.hasClassToken, (1...2).contains(facts.prefixTokens) else {
      throw InputError(
        .unsupported, file: plan.path, field: "\(option: .multiScale)",
        expected: "a model with a class token and no register tokens",
        found: "\(facts.prefixTokens) tokens before the patches, "
          + "\(facts.details.hasClassToken ? "with" : "without") a class token")
    }
    guard plan.graph.attendsBetweenNormAndSum else {
      throw InputError(
        .unsupported, file: plan.path, field: "\(option: .multiScale)",
        expected:
          "blocks with one norm in front of attention and none behind it, and positions that are added "
          + "once",
        found: "\(facts.architecture)")
    }
    guard facts.gridHeight % 2 == 0, facts.gridWidth % 2 == 0 else {
      throw InputError(
        .unsupported, file: plan.path, field: "\(option: .multiScale)",
        expected: "a grid of patches that is even both ways",
        found: "\(facts.gridHeight) x \(facts.gridWidth)")
    }
  }
}

extension RewriteOptions.Strategy {
  /// Throws if tokens are to count by their patches, which those that the strategy leaves stand for one of.
  package func checkSizes(isSizeAware: Bool) throws {
    guard isSizeAware, definition.sizes == .unchanged else { return }
    throw InputError(
      option: .sizeAware, field: "strategy",
      expected: "one whose tokens can stand for more than one patch", found: "\(rawValue)")
  }

  /// What is known of the strategy. Only those of the list can be made.
  package var definition: any TokenReductionStrategy.Type {
    guard let strategy = TokenReduction.strategy(named: rawValue) else {
      preconditionFailure("\(rawValue) is no strategy")
    }
    return strategy
  }
}
