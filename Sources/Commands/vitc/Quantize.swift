internal import ArgumentParser
internal import CommandSupport
internal import PlanFormat
internal import ViTCompiler

struct Quantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Store the weights of a plan in eight bits, and multiply them so.",
    discussion: """
      The weights of linear layers become int8, with a scale for each output; the rows that they multiply are \
      quantized as they come, so that nothing has to be calibrated. Convolutions, the head and attention's own \
      products stay as they are; 'vitc inspect' lists the weights that do. A rewritten or combined plan stays one, \
      and 'vitc rewrite' of a quantized plan gives the same plan as quantizing the rewritten one.
      """)

  @Argument(help: "The plan to quantize, of f32 or f16.")
  var plan: String

  @Option(name: .shortAndLong, help: "The plan to write.")
  var output: String

  @Option(
    help: """
      Weights that stay as they are, separated by commas: names as 'vitc inspect --graph' prints them, or patterns \
      with *, ? and [...].
      """)
  var keepF32: String?

  @Flag(help: "Write no notes.")
  var quiet = false

  func run() throws {
    for (path, name) in [(plan, "PLAN"), (output, "--output")] { try NamedFile.check(path, name) }
    let kept = keepF32.map { $0.split(separator: ",").map(String.init) } ?? []
    let file = try PlanFile(path: plan)
    try PlanCompiler.quantize(file, keeping: kept, to: output)
    if quiet { return }
    let result = try PlanFile(path: output)
    CommandLineTool.note(
      "vitc: \(output): \(result.byteCount) bytes, "
        + "\(Figures.fixed(Double(result.byteCount) / Double(file.byteCount) * 100, 1)) % of \(plan); "
        + "\(result.weights(of: .int8).count) weights in int8")
    guard result.program.output(.logits) != nil else { return }
    CommandLineTool.note(
      "vitc: note: check its accuracy with: vitrun eval \(output) DIR --against \(plan)")
  }
}
