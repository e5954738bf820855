internal import ArgumentParser
internal import CommandSupport
internal import ModelFacts
internal import PlanFormat
internal import ViTCompiler

struct Rewrite: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Rewrite a plan to work on fewer tokens.",
    discussion: """
      Tokens are selected in --layers and joined by --strategy; --remove and --r give numbers of tokens in place \
      of rates, and --budget and --target-gmacs scale any of these. --multi-scale runs the blocks before \
      the first selection on two scales. A rewritten plan is rewritten from its base graph again. \
      Weights are copied as they are. Of a combined plan the program of fewer tokens is rewritten, into a plan \
      of that program alone; --dense makes one of its dense program as it is.
      """)

  @Argument(help: "The plan to rewrite.")
  var plan: String

  @Option(name: .shortAndLong, help: "The plan to write.")
  var output: String

  @Option(help: "Share of patch tokens to keep, in (0, 1]: one rate, or one for each layer.")
  var keep: NumberList<Double>?

  @Option(help: "Blocks, counted from 1, that select tokens; by default the paper's.")
  var layers: NumberList<Int>?

  @Option(help: "Patch tokens to take away behind each block, from the first: 0,0,0,32,11.")
  var remove: NumberList<Int>?

  @Option(help: "Patch tokens to take away in every block, or as many as it can lose.")
  var r: Int?

  @Option(
    help:
      "Scale the schedule so that executed multiply-adds are at most this share of the dense model's."
  )
  var budget: Double?

  @Option(help: "Scale the schedule so that at most so many G multiply-adds are executed.")
  var targetGmacs: Double?

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

  @Flag(
    help: "Write the dense program of a combined plan as a plan of its own; without other options.")
  var dense = false

  @Flag(help: "Write no notes and no schedule.")
  var quiet = false

  func validate() throws { try CommandLineTool.validate { _ = try request.options() } }

  func run() throws {
    for (path, name) in [
      (plan, "PLAN"), (output, "--output"), (multiscaleWeights, "--multiscale-weights"),
    ] {
      if let path { try NamedFile.check(path, name) }
    }
    let file = try PlanFile(path: plan)
    guard let options = try request.options() else {
      return try PlanCompiler.writeFallback(of: file, to: output)
    }
    let whole = try PlanCompiler.model(of: file, recipe: RewriteRecipe())
    let (model, notes) = try PlanCompiler.rewrite(file, options, to: output)
    if quiet { return }
    for note in notes { CommandLineTool.note("vitc: note: \(CommandLineTool.text(note))") }
    if file.cascade != nil {
      CommandLineTool.note(
        "vitc: note: \(plan): cascade: left out, as its margin belongs to the schedule that it had")
    }
    try CommandLineTool.printLines(RewriteSchedule(dense: whole, model: model).lines)
    guard model.rewritten.outputs.contains(where: { $0.role == .logits }) else { return }
    CommandLineTool.note(
      "vitc: note: unless the checkpoint was trained for this schedule, check its accuracy with: "
        + "vitrun eval \(output) DIR --against \(plan)")
  }

  private var request: RewriteRequest {
    var request = RewriteRequest()
    (request.keepRates, request.blocks) = (keep?.values, layers?.values)
    (request.removedCounts, request.removedEverywhere) = (remove?.values, r)
    (request.budgetShare, request.budgetMultiplyAdds) = (budget, targetGmacs)
    request.strategy = strategy == .merge ? nil : strategy
    (request.similarity, request.seed, request.isSizeAware) = (similarity, seed, sizeAware)
    (request.isMultiScale, request.multiScaleFile) = (multiScale, multiscaleWeights)
    request.isIdentityInitialised = multiscaleInit != nil
    request.isFallback = dense
    return request
  }
}
