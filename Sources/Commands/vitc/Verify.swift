internal import ArgumentParser
internal import CommandSupport
internal import PlanFormat
internal import ViTCompiler

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check every checksum and every structural rule of a plan.",
    discussion: """
      The plan's graph is lowered again, too: the program must be what comes of it, as must the dense one of a \
      combined plan.
      """)

  @Argument(help: "The plan.")
  var plan: String

  func run() throws {
    try NamedFile.check(plan, "PLAN")
    let file = try PlanFile(path: plan)
    for index in file.constants.indices { try file.verifyConstant(index) }
    let graph = try PlanCompiler.verifyProgram(of: file)
    let further = file.cascade.map { " and \($0.fallback.steps.count)" } ?? ""
    try CommandLineTool.printLine(
      "\(plan): intact: \(file.constants.count) constants, \(file.program.steps.count)\(further) steps, "
        + "\(graph.nodes.count) nodes")
  }
}
