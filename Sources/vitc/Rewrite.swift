internal import ArgumentParser
internal import CommandSupport
internal import ModelFacts
internal import ModelGraph
internal import PlanEmitter
internal import PlanFormat
internal import Tensors

struct Rewrite: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Rewrite a plan to work on fewer tokens.",
    discussion: """
      Tokens are selected in --layers and joined by --strategy; --multi-scale runs the blocks before \
      the first selection on two scales. A rewritten plan is rewritten from its base graph again. \
      Weights are copied as they are.
      """)

  @Argument(help: "The plan to rewrite.")
  var plan: String

  @Option(name: .shortAndLong, help: "The plan to write.")
  var output: String

  @Option(help: "Share of patch tokens to keep, in (0, 1]: one rate, or one for each layer.")
  var keep: KeepRates?

  @Option(help: "Blocks, counted from 1, that select tokens; by default the paper's.")
  var layers: Layers?

  @Option(help: "What happens to the other tokens.")
  var strategy = StrategyArgument.merge

  @Option(help: "merge: which kept token another joins.")
  var similarity: SimilarityArgument?

  @Option(help: "Seed of the random similarity.")
  var seed: Int?

  @Flag(help: "Tokens count by the number of patches that they stand for.")
  var sizeAware = false

  @Flag(help: "Run the first blocks on two scales.")
  var multiScale = false

  @Option(help: "A safetensors file with the multi-scale stage's weights, multiscale.*.")
  var multiscaleWeights: String?

  @Option(help: "Start the multi-scale stage from weights that leave the high scale as it is.")
  var multiscaleInit: MultiScaleInitialisation?

  @Flag(help: "Write no notes.")
  var quiet = false

  func validate() throws {
    guard keep != nil || multiScale else {
      throw ValidationError("expected --keep, --multi-scale or both")
    }
    guard layers == nil || keep != nil || multiScale else {
      throw ValidationError("--layers goes with --keep or --multi-scale")
    }
    guard similarity == nil || strategy == .merge else {
      throw ValidationError("--similarity goes with --strategy merge")
    }
    guard seed == nil || similarity == .random else {
      throw ValidationError("--seed goes with --similarity random")
    }
    guard !sizeAware || strategy != .drop else {
      throw ValidationError(
        "--size-aware: tokens that --strategy drop leaves stand for one patch each")
    }
    guard multiScale || (multiscaleWeights == nil && multiscaleInit == nil) else {
      throw ValidationError("--multiscale-weights and --multiscale-init go with --multi-scale")
    }
    guard multiscaleWeights == nil || multiscaleInit == nil else {
      throw ValidationError("expected --multiscale-weights or --multiscale-init, found both")
    }
  }

  func run() throws {
    let file = try PlanFile(path: plan)
    let recipe = try recipe(for: file)
    let extra = try MultiScaleSource(
      plan: file, path: multiscaleWeights, isIdentity: multiscaleInit != nil
    ).constants(for: recipe)
    let graphs = try PlanEmitter.rewrite(file, recipe: recipe, extra: extra, to: output)
    CommandLineTool.printLine(RewriteSchedule(base: graphs.base, rewritten: graphs.rewritten).text)
    if !quiet {
      CommandLineTool.note(
        "vitc: note: unless the checkpoint was trained for this schedule, check its accuracy with: "
          + "vitrun eval \(output) DIR --against \(plan)")
    }
  }

  /// What the flags ask for, checked against the model.
  private func recipe(for file: PlanFile) throws -> RewriteRecipe {
    let facts = file.facts
    var recipe = RewriteRecipe()
    recipe.strategy = strategy.strategy
    recipe.similarity = similarity?.similarity ?? .cosine
    recipe.seed = seed ?? 0
    recipe.isSizeAware = sizeAware || strategy == .tome
    let blocks = try selectionBlocks(facts)
    if let keep { recipe.stages = try stages(keep, blocks, facts) }
    if multiScale {
      try checkGrid(facts)
      recipe.multiScaleBlocks = blocks[0] - 1
      recipe.isIdentityInitialised = multiscaleInit != nil
    }
    guard !recipe.isEmpty else {
      throw InputError(
        file: "--keep", field: "rates", expected: "one below 1, or --multi-scale",
        found: "rates that keep every token, so nothing would change")
    }
    return recipe
  }

  private func selectionBlocks(_ facts: ModelFacts) throws -> [Int] {
    let blocks = layers?.blocks ?? facts.defaultSelectionBlocks
    guard !blocks.isEmpty, blocks == Set(blocks).sorted(),
      blocks.allSatisfy({ (1...facts.depth).contains($0) })
    else {
      throw InputError(
        file: "--layers", field: "blocks",
        expected: "ascending numbers from 1 to \(facts.depth), each once",
        found: blocks.map(String.init).joined(separator: ","))
    }
    return blocks
  }

  private func stages(_ keep: KeepRates, _ blocks: [Int], _ facts: ModelFacts) throws
    -> [RewriteRecipe.Stage]
  {
    guard keep.rates.count == 1 || keep.rates.count == blocks.count else {
      throw InputError(
        file: "--keep", field: "rates", expected: "1 or \(blocks.count), one a layer",
        found: "\(keep.rates.count)")
    }
    var stages: [RewriteRecipe.Stage] = []
    var patches = facts.gridHeight * facts.gridWidth
    for (index, block) in blocks.enumerated() {
      let rate = keep.rates.count == 1 ? keep.rates[0] : keep.rates[index]
      guard rate > 0, rate <= 1 else {
        throw InputError(
          file: "--keep", field: "rate", expected: "a share in (0, 1]", found: "\(rate)")
      }
      let stage = RewriteRecipe.Stage(block: block - 1, keepRate: rate)
      let left = stage.keptTokens(of: patches)
      guard left < patches else { continue }
      if strategy == .tome, patches - left > patches / 2 {
        throw InputError(
          file: "--keep", field: "block \(block)",
          expected: "tome to merge at most half of \(patches) tokens, \(patches / 2)",
          found: "\(patches - left)")
      }
      stages.append(stage)
      patches = left + (strategy == .fuse ? 1 : 0)
    }
    return stages
  }

  private func checkGrid(_ facts: ModelFacts) throws {
    guard facts.gridHeight % 2 == 0, facts.gridWidth % 2 == 0 else {
      throw InputError(
        file: plan, field: "--multi-scale", expected: "a grid of patches that is even both ways",
        found: "\(facts.gridHeight) x \(facts.gridWidth)")
    }
  }
}
