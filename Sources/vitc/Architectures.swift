internal import ArgumentParser
internal import CommandSupport
internal import Families

struct Architectures: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the known architectures.")

  func run() {
    let width = Architecture.all.map(\.name.count).max() ?? 0
    for architecture in Architecture.all {
      CommandLineTool.printLine(
        "\(Figures.left(architecture.name, width))  \(architecture.summary)")
    }
  }
}
