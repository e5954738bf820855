import Tensors
import Testing

@Suite struct MessageTests {
  private enum Engine: String, InputOption {
    case speed, gear = "gearbox.gear"
  }

  private enum Radio: String, InputOption {
    case speed
  }

  @Test func readsWithSwiftNamesOrWithThoseOfTheCaller() {
    let gear: Message = "\(option: Engine.gear) or \(4)"
    let message: Message = "from \(option: Engine.speed), " + "\(gear) decides"
    #expect(message.description == "from speed, gearbox.gear or 4 decides")
    #expect(message.text { "--\($0.name)" } == "from --speed, --gearbox.gear or 4 decides")
    // Whoever names options sees whose they are.
    #expect(message.text { $0 is Engine ? "E" : "other" } == "from E, E or 4 decides")
  }

  @Test func optionsOfTwoLibrariesDiffer() {
    let engine: Message = "\(option: Engine.speed)"
    #expect(engine == Message(option: Engine.speed))
    #expect(engine != Message(option: Radio.speed) && engine != "speed")
    #expect(InputError.Subject.option(Engine.speed) != .option(Radio.speed))
    #expect(InputError.Subject.option(Engine.speed) != .file("speed"))
  }

  @Test func joinsWhatThereIs() {
    let names = [Message(option: Engine.speed), "b", "c"]
    #expect(names.joined(separator: ", ").text { "<\($0.name)>" } == "<speed>, b, c")
    #expect([Message]().joined(separator: ", ").isEmpty)
  }

  @Test func errorsNameOptionsInEveryPart() {
    let error = InputError(
      option: Engine.speed, field: "\(option: Engine.gear)", expected: "less than \(3)",
      found: "4,\n as \(option: Radio.speed) has it")
    #expect(
      error.description
        == "speed: gearbox.gear: expected less than 3, found 4,\\u{A} as speed has it")
    #expect(
      error.text { "--\($0.name)" }
        == "--speed: --gearbox.gear: expected less than 3, found 4,\\u{A} as --speed has it")
    #expect(error.subject == .option(Engine.speed) && error.file == nil)
    #expect(error.kind == .invalidOption)
  }

  @Test func kindsFollowTheSubject() {
    let file = InputError(subject: .file("f"), field: "a", expected: "b", found: "c")
    #expect(file.kind == .invalidFile && file.file == "f")
    #expect(file == InputError(file: "f", field: "a", expected: "b", found: "c"))
    #expect(file != InputError(.unsupported, file: "f", field: "a", expected: "b", found: "c"))
  }
}
