internal import ArgumentParser
internal import CommandSupport
internal import Families

struct Architectures: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the architectures that convert.")

  @Flag(help: "List those too that are known and refused, with what they need.")
  var all = false

  func run() throws {
    let listed = Architecture.all.filter { all || $0.missing == nil }
    let width = listed.map(\.name.count).max() ?? 0
    try CommandLineTool.printLines(
      listed.map { architecture in
        "\(Figures.left(architecture.name, width))  \(architecture.summary)"
          + (architecture.missing.map { "; needs \($0)" } ?? "")
      })
  }
}
