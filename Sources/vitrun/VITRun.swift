internal import ArgumentParser

@main
struct VITRun: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "vitrun", version: "0.1.0")
}
