internal import ArgumentParser
internal import CommandSupport
internal import Passes
internal import PlanFormat
internal import ViTCompiler

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
  var strategy = RewriteOptions.Strategy.merge

  @Option(help: "merge: which kept token another joins.")
  var similarity: RewriteOptions.Similarity?

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

  @Flag(help: "Write no notes and no schedule.")
  var quiet = false

  func validate() throws {
    guard keep != nil || multiScale else {
      throw ValidationError("expected --keep, --multi-scale or both")
    }
    guard layers == nil || keep != nil || multiScale else {
      throw ValidationError("--layers goes with --keep or --multi-scale")
    }
    guard similarity == nil || strategy.definition.takesSimilarity else {
      let names = TokenReduction.strategies.filter { $0.takesSimilarity }.map { $0.name }
      throw ValidationError("--similarity goes with --strategy \(names.joined(separator: " or "))")
    }
    guard seed == nil || similarity == .random else {
      throw ValidationError("--seed goes with --similarity random")
    }
    guard !sizeAware || strategy.definition.sizes != .unchanged else {
      throw ValidationError(
        "--size-aware: tokens that --strategy \(strategy.rawValue) leaves stand for one patch each")
    }
    guard multiScale || (multiscaleWeights == nil && multiscaleInit == nil) else {
      throw ValidationError("--multiscale-weights and --multiscale-init go with --multi-scale")
    }
    guard multiscaleWeights == nil || multiscaleInit == nil else {
      throw ValidationError("expected --multiscale-weights or --multiscale-init, found both")
    }
  }

  func run() throws {
    for (path, name) in [
      (plan, "PLAN"), (output, "--output"), (multiscaleWeights, "--multiscale-weights"),
    ] {
      if let path { try NamedFile.check(path, name) }
    }
    let graphs = try PlanCompiler.rewrite(try PlanFile(path: plan), options, to: output)
    if quiet { return }
    try CommandLineTool.printLines(
      RewriteSchedule(base: graphs.base, rewritten: graphs.rewritten).lines)
    guard graphs.rewritten.outputs.contains(where: { $0.role == .logits }) else { return }
    CommandLineTool.note(
      "vitc: note: unless the checkpoint was trained for this schedule, check its accuracy with: "
        + "vitrun eval \(output) DIR --against \(plan)")
  }

  private var options: RewriteOptions {
    var options = RewriteOptions(keepRates: keep?.rates ?? [])
    options.blocks = layers?.blocks
    options.strategy = strategy
    options.similarity = similarity ?? .cosine
    options.seed = seed ?? 0
    options.isSizeAware = sizeAware
    if multiScale {
      options.multiScale =
        multiscaleInit != nil ? .identity : multiscaleWeights.map { .from(path: $0) } ?? .fromPlan
    }
    return options
  }
}
