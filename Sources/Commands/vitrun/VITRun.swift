internal import ArgumentParser
internal import CommandSupport

@main
struct VITRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vitrun",
    abstract: "Executes plans made by vitc.",
    version: CommandLineTool.version,
    subcommands: [
      LabelImages.self, Embed.self, Similar.self, Evaluate.self, Bench.self, Preprocess.self,
    ],
    defaultSubcommand: LabelImages.self)

  /// The commands' names, for messages.
  static var commands: String {
    configuration.subcommands.map { $0._commandName }.joined(separator: ", ")
  }

  static func main() {
    CommandLineTool.run(VITRun.self, name: "vitrun")
  }
}
