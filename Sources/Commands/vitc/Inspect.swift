internal import ArgumentParser
internal import CommandSupport
internal import JSON
internal import PlanFormat
internal import PlanReport
internal import ViTCompiler

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a plan is: model, tokens, work, sizes and where its values came from.",
    discussion: """
      Of a plan of version 1, which vitc 0.1 wrote, it shows the model and where its values came from, notes \
      that it must be made anew, and exits with 0. With --graph or --dense it refuses it, as every other \
      command does.
      A combined plan holds two programs over one set of weights: one of fewer tokens, which is shown, and the \
      dense one, which answers where that is not sure.
      """)

  @Argument(help: "The plan.")
  var plan: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(help: "Print the graph that the plan executes, before fusion.")
  var graph = false

  @Flag(help: "Show the dense program of a combined plan.")
  var dense = false

  func validate() throws {
    guard !json || !graph else { throw ValidationError("expected --json or --graph, found both") }
  }

  func run() throws {
    try NamedFile.check(plan, "PLAN")
    if !graph, !dense, let former = try PlanVersion1(path: plan) {
      let summary = Version1Summary(plan: former)
      try Self.print(json ? summary.json : nil, summary.lines)
      return CommandLineTool.note("vitc: note: \(CommandLineTool.text(former.refusal))")
    }
    let file = try PlanFile(path: plan)
    let executed =
      try dense ? PlanCompiler.fallbackGraph(of: file) : PlanCompiler.executableGraph(of: file)
    if graph {
      let lines = "\(executed)".split(separator: "\n", omittingEmptySubsequences: false)
      return try CommandLineTool.printLines(lines.map(String.init))
    }
    let summary = PlanSummary(file, executed, isFallback: dense)
    try Self.print(json ? summary.json : nil, summary.lines)
  }

  private static func print(_ json: JSONValue?, _ lines: [String]) throws {
    // A line break in a value is an escape in JSON, so that what is split here is the layout only.
    try CommandLineTool.printLines(
      json.map { $0.text(indented: true).split(separator: "\n").map(String.init) } ?? lines)
  }
}
