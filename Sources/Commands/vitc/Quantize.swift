internal import ArgumentParser
internal import CommandSupport
internal import PlanFormat
internal import ViTSearch

struct Quantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Store the weights of a plan in eight bits, and multiply them so.",
    discussion: """
      The weights of linear layers and of the patch embedding become int8, with a scale for each output; the rows \
      that they multiply are quantized as they come, so that nothing has to be calibrated. Attention multiplies queries \
      and keys of 8 bits, weights and values of 16. Other convolutions and the head stay as they are; 'vitc inspect' \
      lists the weights that do. A rewritten or combined plan stays one, \
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

  @Option(
    help: """
      A folder of images on which both plans are compared before the new one is written: how often they name the same class, how far their \
      probabilities are apart (KL), and how many are right where the names of files or sub-folders tell classes, as \
      for 'vitrun eval'. Where they agree on less than 98.5 %, the layers that hurt most are named.
      """)
  var check: String?

  @Flag(help: "Write no notes.")
  var quiet = false

  func run() throws {
    for (path, name) in [(plan, "PLAN"), (output, "--output"), (check, "--check")] {
      if let path { try NamedFile.check(path, name) }
    }
    let kept = keepF32.map { $0.split(separator: ",").map(String.init) } ?? []
    let file = try PlanFile(path: plan)
    let report = try QuantizationReport.quantize(
      file, keeping: kept, to: output, checkedOn: check
    ) { error, consequence in
      if !quiet {
        CommandLineTool.note("vitc: note: \(CommandLineTool.text(error)); \(consequence)")
      }
    }
    if !quiet { try describe(file) }
    if let report { try CommandLineTool.printLines(report.lines) }
  }

  private func describe(_ file: PlanFile) throws {
    let result = try PlanFile(path: output)
    CommandLineTool.note(
      "vitc: \(output): \(result.byteCount) bytes, "
        + "\(Figures.fixed(Double(result.byteCount) / Double(file.byteCount) * 100, 1)) % of \(plan); "
        + "\(result.weights(of: .int8).count) weights in int8")
    guard check == nil, result.program.output(.logits) != nil else { return }
    CommandLineTool.note(
      "vitc: note: check its accuracy with: vitrun eval \(output) DIR --against \(plan)")
  }
}
