import Checkpoints
import Families
import JSON
import ModelFacts
import Tensors
import TestSupport
import Testing

/// What a checkpoint was trained with to have fewer tokens, and who says so.
@Suite struct TrainedReductionTests {
  private static let said: JSONValue = [
    "method": "evit", "blocks": [1, 3], "keep_rate": .number("0.7"), "fuse": true,
  ]
  private static let whole = TrainedReduction.evit(blocks: [1, 3], keepRate: 0.7, fuses: true)

  /// A DeiT of these tensors, whose configuration and metadata say of it what is given.
  private static func imported(
    config: JSONValue? = nil, metadata: String? = nil, depth: Int = 4,
    _ set: (inout ImportOptions) -> Void = { _ in },
    changing change: (inout [String: [Int]]) -> Void = { _ in }
  ) throws -> ImportedModel {
    let folder = try TemporaryFolder()
    var shapes = Form(width: 64, depth: depth).shapes
    change(&shapes)
    let tensors = shapes.mapValues { shape in
      (shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    let bytes = SafeTensorsWriter.bytes(
      tensors, metadata: metadata.map { ["token_reduction": $0] } ?? [:])
    let path = try folder.write(bytes, to: "model.safetensors")
    var options = ImportOptions()
    options.heads = 4
    options.config = config.map {
      Checkpoint.Companion(path: "config.json", json: ["token_reduction": $0])
    }
    set(&options)
    return try ModelImporter.importModel(try Checkpoint.open(path), options: options)
  }

  private static func origin(_ model: ImportedModel, _ key: String) -> Origin? {
    model.origins.first { $0.key == key }
  }

  @Test func aConfigurationSaysIt() throws {
    let model = try Self.imported(config: Self.said)
    #expect(model.reduction == Self.whole)
    #expect(Self.origin(model, "method")?.source == "config.json")
    // People count blocks from 1.
    #expect(Self.origin(model, "layers")?.value == "2,4")
    #expect(Self.origin(model, "keep_rate")?.value == "0.7")
    #expect(Self.origin(model, "fuse")?.value == "true")
  }

  @Test func metadataSayIt() throws {
    let model = try Self.imported(metadata: Self.said.text())
    #expect(model.reduction == Self.whole)
    #expect(Self.origin(model, "keep_rate")?.source.description.hasSuffix(".safetensors") == true)
    // What one of them leaves open the other may say, and both may say the same.
    let part: JSONValue = ["method": "evit", "keep_rate": .number("0.70")]
    #expect(try Self.imported(config: part, metadata: Self.said.text()).reduction == Self.whole)
  }

  @Test func optionsSayIt() throws {
    func set(_ options: inout ImportOptions) {
      (options.method, options.methodBlocks) = ("evit", [2, 4])
      (options.keepRate, options.fusesTokens) = (0.7, true)
    }
    let model = try Self.imported(set)
    #expect(model.reduction == Self.whole)
    #expect(Self.origin(model, "method")?.source == Message(option: ImportOption.method))
    let other: JSONValue = [
      "method": "evit", "blocks": [0], "keep_rate": .number("0.5"), "fuse": false,
    ]
    #expect(try Self.imported(config: other, metadata: other.text(), set).reduction == Self.whole)
    // An option alone stands in for one value.
    let one = try Self.imported(config: other) { $0.keepRate = 0.6 }
    #expect(one.reduction == .evit(blocks: [0], keepRate: 0.6, fuses: false))
  }

  @Test func nothingSaysNothing() throws {
    let model = try Self.imported()
    #expect(model.reduction == nil && Self.origin(model, "method") == nil)
  }

  @Test func usualBlocksAreANoteAndRatesAreAsked() throws {
    func set(_ options: inout ImportOptions) {
      (options.method, options.keepRate, options.fusesTokens) = ("evit", 0.5, false)
    }
    let model = try Self.imported(depth: 12, set)
    #expect(model.reduction == .evit(blocks: [3, 6, 9], keepRate: 0.5, fuses: false))
    #expect(model.assumptions.contains { $0.key == "layers" && $0.value == "4,7,10" })
    for (field, change) in [
      ("keep_rate", { $0.keepRate = nil }), ("fuse", { $0.fusesTokens = nil }),
    ] as [(String, (inout ImportOptions) -> Void)] {
      let error = #expect(throws: InputError.self) {
        try Self.imported(depth: 12) {
          set(&$0)
          change(&$0)
        }
      }
      #expect(error?.kind == .missingValue && error?.field == field)
    }
    // A model that has no tenth block.
    let error = #expect(throws: InputError.self) { try Self.imported(set) }
    #expect(error?.kind == .missingValue && error?.field == "layers")
  }

  @Test func imagesAreThoseOfItsAuthors() throws {
    let model = try Self.imported(config: Self.said)
    #expect(model.facts.preprocess.resizeHeight == 256)
    #expect(Self.origin(model, "crop_pct")?.source == "as EViT's authors evaluate")
    #expect(model.facts.preprocess.mean == [0.485, 0.456, 0.406])
    let other = try Self.imported(config: Self.said) { $0.cropFraction = 1 }
    #expect(other.facts.preprocess.resizeHeight == 224)
    // An architecture's own share does not win.
    #expect(try Self.imported().facts.preprocess.resizeHeight == 248)
  }

  @Test func theModelIsReadAndNotItsAverage() throws {
    func copies(_ shapes: inout [String: [Int]]) {
      let own = shapes
      shapes = [:]
      for (name, shape) in own {
        shapes["model.\(name)"] = shape
        shapes["model_ema.\(name)"] = shape
      }
    }
    let model = try Self.imported(config: Self.said, changing: copies)
    let note = model.assumptions.first { $0.key == "weights" }
    #expect(note?.value == "model." && note?.reason.description.contains("average") == true)
    let plain = try Self.imported(changing: copies)
    #expect(plain.assumptions.first { $0.key == "weights" }?.value == "model_ema.")
  }

  /// What `token_reduction` may not be, and the field that an error names.
  private static let refused: [(JSONValue, String)] = [
    ([1], "token_reduction"),
    (["keep_rate": 1], "token_reduction.method"),
    (["method": 1], "token_reduction.method"),
    (["method": "tome", "blocks": [3, 6, 9]], "token_reduction.method"),
    (["method": "evit", "mystery": 1], "token_reduction.mystery"),
    (said.with("blocks", []), "token_reduction.blocks"),
    (said.with("blocks", 3), "token_reduction.blocks"),
    (said.with("blocks", [3, 1]), "token_reduction.blocks"),
    (said.with("blocks", [1, 1]), "token_reduction.blocks"),
    (said.with("blocks", [1, 4]), "token_reduction.blocks"),
    (said.with("blocks", [-1, 1]), "token_reduction.blocks"),
    (said.with("blocks", ["1"]), "token_reduction.blocks"),
    (said.with("keep_rate", 0), "token_reduction.keep_rate"),
    (said.with("keep_rate", .number("1.01")), "token_reduction.keep_rate"),
    (said.with("keep_rate", .number("-0.5")), "token_reduction.keep_rate"),
    (said.with("keep_rate", "0.7"), "token_reduction.keep_rate"),
    (said.with("fuse", 1), "token_reduction.fuse"),
  ]

  @Test(arguments: refused)
  func whatItIsNotIsRefused(json: JSONValue, field: String) throws {
    let error = try #require(throws: InputError.self) { try Self.imported(config: json) }
    #expect(error.subject == .file("config.json") && error.field.description == field, "\(error)")
    let other = try #require(throws: InputError.self) {
      try Self.imported(metadata: json.text())
    }
    #expect(other.field.description == "__metadata__.\(field)", "\(other)")
  }

  @Test func sourcesMustAgree() throws {
    let other = Self.said.with("keep_rate", .number("0.6")).text()
    let error = try #require(throws: InputError.self) {
      try Self.imported(config: Self.said, metadata: other)
    }
    #expect(error.kind == .contradiction)
    #expect(error.expected == "0.7, as config.json has it" && error.found == "0.6")
    for metadata in ["", "{", "evit", "{\"method\": \"evit\"} 1"] {
      #expect(throws: InputError.self, "\(metadata)") { try Self.imported(metadata: metadata) }
    }
  }

  @Test func shardsSayIt() throws {
    let folder = try TemporaryFolder()
    let shapes = Form(width: 64, depth: 4).shapes.sorted { $0.key < $1.key }
    func convert(_ metadata: [JSONValue?]) throws -> ImportedModel {
      var owners: [JSONMember] = []
      for (shard, said) in metadata.enumerated() {
        let own = shapes.enumerated().filter { $0.offset % metadata.count == shard }.map(\.element)
        owners += own.map { JSONMember($0.key, .string("\(shard).safetensors")) }
        let tensors = own.map {
          ($0.key, (shape: $0.value, values: [Float](repeating: 0, count: $0.value.reduce(1, *))))
        }
        let bytes = SafeTensorsWriter.bytes(
          Dictionary(uniqueKeysWithValues: tensors),
          metadata: said.map { ["token_reduction": $0.text()] } ?? [:])
        _ = try folder.write(bytes, to: "\(shard).safetensors")
      }
      let index = JSONValue.object([JSONMember("weight_map", .object(owners))]).text()
      let path = try folder.write(Array(index.utf8), to: "model.safetensors.index.json")
      var options = ImportOptions()
      options.heads = 4
      return try ModelImporter.importModel(try Checkpoint.open(path), options: options)
    }
    #expect(try convert([nil, Self.said]).reduction == Self.whole)
    #expect(try convert([Self.said, Self.said]).reduction == Self.whole)
    #expect(try convert([nil, nil]).reduction == nil)
    let error = try #require(throws: InputError.self) {
      try convert([Self.said, Self.said.with("fuse", false)])
    }
    #expect(
      error.kind == .contradiction && error.field.description == "__metadata__.token_reduction")
  }

  @Test func optionsThatDoNotSuitAreNamed() throws {
    let wrong: [(ImportOption, InputError.Kind, (inout ImportOptions) -> Void)] = [
      (.method, .invalidOption, { $0.method = "tome" }),
      (.keepRate, .invalidOption, { ($0.method, $0.keepRate) = ("evit", 0) }),
      (.keepRate, .invalidOption, { ($0.method, $0.keepRate) = ("evit", .nan) }),
      (.keepRate, .contradiction, { $0.keepRate = 0.7 }),
      (.methodBlocks, .contradiction, { $0.methodBlocks = [1] }),
      (.fusesTokens, .contradiction, { $0.fusesTokens = true }),
      (.methodBlocks, .invalidOption, { ($0.method, $0.methodBlocks) = ("evit", [0]) }),
      (.methodBlocks, .invalidOption, { ($0.method, $0.methodBlocks) = ("evit", [.min]) }),
      (.methodBlocks, .invalidOption, { ($0.method, $0.methodBlocks) = ("evit", [5]) }),
      (.methodBlocks, .invalidOption, { ($0.method, $0.methodBlocks) = ("evit", []) }),
    ]
    for (option, kind, set) in wrong {
      let error = try #require(throws: InputError.self) { try Self.imported(set) }
      #expect(error.subject == .option(option) && error.kind == kind, "\(error)")
    }
  }

  @Test func otherModelsAreRefused() throws {
    let distilled: (inout [String: [Int]]) -> Void = {
      $0["dist_token"] = [1, 1, 64]
      $0["pos_embed"] = [1, 198, 64]
      ($0["head_dist.weight"], $0["head_dist.bias"]) = ([1000, 64], [1000])
    }
    let scaled: (inout [String: [Int]]) -> Void = { shapes in
      for block in 0..<4 {
        for scale in ["ls1", "ls2"] { shapes["blocks.\(block).\(scale).gamma"] = [64] }
      }
    }
    for change in [distilled, scaled] {
      _ = try Self.imported(changing: change)
      let error = try #require(throws: InputError.self) {
        try Self.imported(config: Self.said, changing: change)
      }
      #expect(error.kind == .unsupported && error.field.description == "evit", "\(error)")
    }
    // An ONNX graph says itself what it computes.
    let error = try #require(throws: InputError.self) {
      var options = ImportOptions()
      options.method = "evit"
      return try ModelImporter.importModel(
        try Checkpoint.open("Tests/Fixtures/onnx/batch_2_vit_dynamo/model.onnx"), options: options)
    }
    #expect(error.kind == .unsupported && error.found == "ONNX", "\(error)")
  }
}

extension JSONValue {
  fileprivate func with(_ name: String, _ value: JSONValue) -> JSONValue {
    .object((members ?? []).filter { $0.name != name } + [JSONMember(name, value)])
  }
}
