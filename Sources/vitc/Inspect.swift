internal import ArgumentParser
internal import CommandSupport
internal import PlanEmitter
internal import PlanFormat

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
    let file = try PlanFile(path: plan)
    let executed = try PlanEmitter.executableGraph(of: file)
    if graph {
      CommandLineTool.printLine("\(executed)")
      return
    }
    let summary = PlanSummary(file, executed)
    CommandLineTool.printLine(json ? summary.json.text(indented: true) : summary.text)
  }
}
