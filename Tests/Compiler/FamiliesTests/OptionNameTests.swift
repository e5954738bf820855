import Checkpoints
import Families
import JSON
import Tensors
import Testing

/// What errors and notes call the options, and what kind of error it is.
@Suite struct OptionNameTests {
  private static func imported(_ options: ImportOptions, depth: Int = 2) throws -> ImportedModel {
    try ModelImporter.importModel(Form(width: 64, depth: depth).tensors(), options: options)
  }

  private static func flag(_ option: any InputOption) -> String { "--\(option.name)" }

  @Test(arguments: [ImportOption.heads, .imageSize, .epsilon])
  func valuesThatDoNotSuitAreTheirOptions(option: ImportOption) throws {
    var options = ImportOptions()
    options.heads = option == .heads ? 5 : 4
    options.imageSize = option == .imageSize ? 33 : nil
    options.epsilon = option == .epsilon ? 2 : nil
    let error = try #require(throws: InputError.self) { try Self.imported(options) }
    #expect(error.subject == .option(option) && error.kind == .invalidOption)
    #expect(error.description.hasPrefix("\(option.rawValue): "))
    #expect(error.text(naming: Self.flag).hasPrefix("--\(option.rawValue): "))
  }

  @Test func remediesNameOptions() throws {
    let error = try #require(throws: InputError.self) { try Self.imported(ImportOptions()) }
    #expect(error.kind == .missingValue)
    #expect(error.expected == "a number from heads or from a config.json (num_heads)")
    #expect(
      error.text(naming: Self.flag)
        .contains("expected a number from --heads or from a config.json"))
  }

  @Test func notesNameOptions() throws {
    var options = ImportOptions()
    options.heads = 4
    let model = try Self.imported(options)
    let note = try #require(model.assumptions.first { $0.key == "epsilon" })
    #expect(note.alternatives.description.hasSuffix("epsilon or a config.json decides"))
    #expect(note.message.text(naming: Self.flag).hasSuffix("; --epsilon or a config.json decides"))
  }

  @Test func plansSayOriginsAsTheyAreTold() throws {
    var options = ImportOptions()
    options.heads = 4
    var model = try Self.imported(options)
    let origin = try #require(model.origins.first { $0.key == "heads" })
    #expect(origin.value == "4" && origin.source == Message(option: ImportOption.heads))
    func source() -> String? { model.facts.provenance.first { $0.key == "heads" }?.source }
    #expect(source() == "heads")
    model.recordOrigins(naming: Self.flag)
    #expect(source() == "--heads")
    #expect(model.facts.provenance.map(\.key) == model.origins.map(\.key))
  }

  private static let configurations: [(JSONValue, InputError.Kind)] = [
    (["model_type": "swin"], .unsupported),
    (["model_type": "vit", "hidden_size": 32, "num_attention_heads": 4], .contradiction),
    (["architecture": "deit_tiny_patch16_224"], .contradiction),
    (["model_type": "vit", "num_attention_heads": "x"], .invalidFile),
  ]

  @Test(arguments: configurations)
  func configurationsFailByKind(json: JSONValue, kind: InputError.Kind) throws {
    var options = ImportOptions()
    options.config = Checkpoint.Companion(path: "config.json", json: json)
    let error = try #require(throws: InputError.self) { try Self.imported(options) }
    #expect(error.kind == kind, "\(error)")
  }
}
