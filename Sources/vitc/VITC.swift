internal import ArgumentParser

@main
struct VITC: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "vitc", version: "0.1.0")
}
