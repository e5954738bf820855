internal import ArgumentParser
internal import CommandSupport

@main
struct VITC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vitc",
    abstract: "Compiles Vision Transformer checkpoints to plans that vitrun executes.",
    version: CommandLineTool.version,
    subcommands: [
      Convert.self, Rewrite.self, Search.self, Quantize.self, Export.self, Inspect.self,
      Verify.self, Architectures.self,
    ])

  static func main() {
    CommandLineTool.run(VITC.self, name: "vitc")
  }
}
