import ModelFacts
import Passes
import PlanFormat
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Numbers of tokens in place of rates, and what scales them to a budget.
struct TokenScheduleTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func dense(_ form: SmallModel.Form = SmallModel.forms[6]) throws -> PlanFile {
    try SmallModel(form, in: folder).convert(to: folder.file("dense.bin"))
    return try PlanFile(path: folder.file("dense.bin"))
  }

  private func options(
    _ removal: RewriteOptions.Removal, _ strategy: RewriteOptions.Strategy
  ) -> RewriteOptions {
    var options = RewriteOptions(removal: removal)
    options.strategy = strategy
    return options
  }

  private func recipe(_ options: RewriteOptions, _ plan: PlanFile) throws -> RewriteRecipe {
    try options.recipe(for: plan) {
      try PlanCompiler.model(of: plan, recipe: $0).executedMultiplyAdds
    }.recipe
  }

  /// Patch tokens behind each stage.
  private func left(_ recipe: RewriteRecipe, _ plan: PlanFile) throws -> [Int] {
    let blocks = try PlanCompiler.model(of: plan, recipe: recipe).rewritten.blockSummaries()
    return blocks.map { $0.tokensOut - plan.facts.prefixTokens }
  }

  /// As many leave as were asked for, the row that `fuse` appends counted, with every count that there can be.
  @Test(arguments: RewriteOptions.Strategy.allCases)
  func countsAreExact(strategy: RewriteOptions.Strategy) throws {
    for form in [SmallModel.forms[2], SmallModel.forms[4], SmallModel.forms[6]] {
      let plan = try dense(form)
      let patches = plan.facts.patches
      let most = strategy.definition.mostRemoved(of: patches, behind: plan.facts.prefixTokens)
      for count in 1...most {
        let recipe = try recipe(options(.counts([0, count]), strategy), plan)
        #expect(try left(recipe, plan) == [patches, patches - count, patches - count])
      }
      let error = #expect(throws: InputError.self) {
        try self.recipe(options(.counts([0, most + 1]), strategy), plan)
      }
      #expect(error?.subject == .option(RewriteOption.removedCounts))
      #expect(error?.expected.contains("at most \(most) of \(patches)") == true)
    }
  }

  /// A rate that is a quotient keeps exactly as many, however many there are.
  @Test func aStageKeepsExactlyAsManyAsItSays() {
    for patches in [2, 3, 49, 196, 197, 1023, 1 << 24, (1 << 24) - 1] {
      for keep in [1, 2, patches / 3, patches / 2, patches - 1] where keep >= 1 {
        let stage = RewriteRecipe.Stage(block: 0, keeping: keep, of: patches)
        #expect(stage.keptTokens(of: patches) == keep)
      }
    }
  }

  @Test func oneNumberForAllBlocksIsClampedWithOneNote() throws {
    let plan = try dense()
    for (strategy, expected) in [
      (RewriteOptions.Strategy.weighted, [24, 12, 6]), (.tome, [24, 12, 6]), (.merge, [24, 12, 1]),
      (.drop, [24, 12, 1]), (.fuse, [24, 12, 2]),
    ] {
      // Of the last 12 tokens half can leave, or all but one, or all but that and what they become.
      let options = options(.everywhere(12), strategy)
      let (recipe, notes) = try options.recipe(for: plan) { _ in 0 }
      #expect(try left(recipe, plan) == expected, "\(strategy.rawValue)")
      #expect(notes.count == 1)
      #expect(notes[0].description.hasPrefix("Removal.everywhere: from block 3 on"))
    }
    let (_, none) = try options(.everywhere(6), .weighted).recipe(for: plan) { _ in 0 }
    #expect(none == [])
  }

  @Test(
    arguments: [
      [-1], [0, .min], [37], [.max], [1, 1, 1, 1], [], [0, 0, 0], [0],
    ])
  func countsThatMeanNothingAreRefused(counts: [Int]) throws {
    let plan = try dense()
    let error = #expect(throws: InputError.self) {
      try recipe(options(.counts(counts), .merge), plan)
    }
    #expect(error?.subject == .option(RewriteOption.removedCounts))
    var both = options(.counts([1]), .merge)
    both.keepRates = [0.5]
    #expect(throws: InputError.self) { try recipe(both, plan) }
    both.keepRates = []
    both.blocks = [1]
    #expect(throws: InputError.self) { try recipe(both, plan) }
    for count in [0, -1, .min] {
      let error = #expect(throws: InputError.self) {
        try recipe(options(.everywhere(count), .merge), plan)
      }
      #expect(error?.subject == .option(RewriteOption.removedEverywhere))
    }
  }

  /// At its own total a schedule is itself; below it keeps its zeros and its proportions.
  @Test func scalingKeepsProportions() throws {
    let facts = try dense().facts
    let merge = RewriteOptions.Strategy.merge.definition
    let schedule = TokenSchedule([0, 12, 6])
    for total in 0...40 {
      let scaled = schedule.scaled(to: total, by: merge, model: facts)
      #expect(scaled.removed[0] == 0 && scaled.total == min(total, 35))
      if total <= 35 { #expect(abs(scaled.removed[1] - 2 * scaled.removed[2]) <= 2) }
    }
    #expect(schedule.scaled(to: 18, by: merge, model: facts) == schedule)
    // What one block cannot lose the next does.
    let weighted = RewriteOptions.Strategy.weighted.definition
    #expect(TokenSchedule([3, 1]).scaled(to: 26, by: weighted, model: facts).removed == [18, 8])
  }

  /// Never above the budget, and above it with one token more.
  @Test(arguments: RewriteOptions.Strategy.allCases, [0.72, 0.74, 0.77])
  func budgetsAreMetByAsFewTokensAsTheyNeed(
    strategy: RewriteOptions.Strategy, share: Double
  ) throws {
    let plan = try dense()
    let whole = plan.graph.multiplyAdds
    for removal in [nil, RewriteOptions.Removal.counts([0, 3, 1]), .everywhere(2)] {
      var options = RewriteOptions(budget: .share(share))
      (options.removal, options.strategy) = (removal, strategy)
      let recipe = try recipe(options, plan)
      let executed = try PlanCompiler.model(of: plan, recipe: recipe).executedMultiplyAdds
      #expect(Double(executed) <= share * Double(whole))
      let schedule = TokenSchedule(recipe.stages, of: strategy.definition, model: plan.facts)
      var paper = RewriteOptions(keepRates: [0.7])
      paper.strategy = strategy
      let proportions =
        switch removal {
        case nil:
          TokenSchedule(
            try self.recipe(paper, plan).stages, of: strategy.definition, model: plan.facts)
        case .counts(let counts): TokenSchedule(counts)
        case .everywhere(let count): TokenSchedule([count, count, count])
        }
      let fewer = proportions.scaled(
        to: schedule.total - 1, by: strategy.definition, model: plan.facts)
      var other = recipe
      other.stages = try fewer.stages(
        of: strategy.definition, model: plan.facts, option: .removedCounts)
      let more = try PlanCompiler.model(of: plan, recipe: other).executedMultiplyAdds
      #expect(Double(more) > share * Double(whole), "\(schedule.removed)")
      // The same count in G, and the same again.
      options.budget = .gigaMultiplyAdds(share * Double(whole) / 1e9)
      #expect(try self.recipe(options, plan) == recipe)
    }
  }

  @Test func aRateScheduleIsScaledToo() throws {
    let plan = try dense()
    var options = RewriteOptions(keepRates: [0.5])
    options.blocks = [2]
    options.budget = .share(0.75)
    let recipe = try recipe(options, plan)
    #expect(recipe.stages.map(\.block) == [1])
    let executed = try PlanCompiler.model(of: plan, recipe: recipe).executedMultiplyAdds
    #expect(executed <= plan.graph.multiplyAdds * 3 / 4)
  }

  @Test(
    arguments: [
      RewriteOptions.Budget.share(0), .share(1), .share(2), .share(-1), .share(.nan),
      .share(.infinity), .share(0.01), .share(0.99999), .gigaMultiplyAdds(0),
      .gigaMultiplyAdds(.nan), .gigaMultiplyAdds(.infinity), .gigaMultiplyAdds(1e300),
      .gigaMultiplyAdds(-1), .gigaMultiplyAdds(1e-30),
    ])
  func budgetsThatCannotBeMetOrAreMetAnywayAreRefused(budget: RewriteOptions.Budget) throws {
    let plan = try dense()
    var options = RewriteOptions(budget: budget)
    options.strategy = .weighted
    let error = #expect(throws: InputError.self) { try recipe(options, plan) }
    #expect(error?.subject == .option(budget.option))
  }

  /// What a plan says that it executes is what budgets are held against.
  @Test func thePlanExecutesWhatTheModelDoes() throws {
    let plan = try dense()
    let recipe = try recipe(options(.counts([4, 4, 4]), .weighted), plan)
    let model = try PlanCompiler.rewrite(plan, recipe: recipe, to: folder.file("fast.bin"))
    let fast = try PlanFile(path: folder.file("fast.bin"))
    #expect(fast.program.executedMultiplyAdds == model.executedMultiplyAdds)
    #expect(fast.program.multiplyAdds == model.multiplyAdds)
    #expect(model.executedMultiplyAdds < plan.program.executedMultiplyAdds)
  }
}
