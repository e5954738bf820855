internal import ArgumentParser
internal import CommandSupport
internal import PlanFormat
internal import ViTCompiler

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a plan is: model, tokens, work, sizes and where its values came from.")

  @Argument(help: "The plan.")
  var plan: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(help: "Print the graph that the plan executes, before fusion.")
  var graph = false

  func run() throws {
    try NamedFile.check(plan, "PLAN")
    let file = try PlanFile(path: plan)
    let executed = try PlanCompiler.executableGraph(of: file)
    if graph {
      let lines = "\(executed)".split(separator: "\n", omittingEmptySubsequences: false)
      return try CommandLineTool.printLines(lines.map(String.init))
    }
    let summary = PlanSummary(file, executed)
    // A line break in a value is an escape in JSON, so that what is split here is the layout only.
    try CommandLineTool.printLines(
      json
        ? summary.json.text(indented: true).split(separator: "\n").map(String.init)
        : summary.lines)
  }
}
