import Checkpoints
import Families
import JSON
import Tensors
import TestSupport
import Testing

/// SP-ViT's predictors, whose layers are saved once for each head.
@Suite struct SharedPredictorTests {
  private typealias Tensor = (shape: [Int], values: [Float])

  private static let heads = 4

  /// A DeiT of width 32 with so many predictors, all copies of a layer alike.
  private static func tensors(stages: Int = 3) -> [String: Tensor] {
    var tensors = Form(width: 32, depth: 12).shapes.mapValues { shape -> Tensor in
      (shape, [Float](repeating: 0, count: shape.reduce(1, *)))
    }
    func add(_ name: String, _ extents: [Int], _ value: Float) {
      for (end, shape) in [("weight", extents), ("bias", [extents[0]])] {
        tensors["\(name).\(end)"] = (
          shape, [Float](repeating: value, count: shape.reduce(1, *))
        )
      }
    }
    let width = 32 / heads
    for stage in 0..<stages {
      let name = "score_predictor.\(stage)"
      add("\(name).senet.0", [heads / 2, heads], 1)
      add("\(name).senet.2", [heads, heads / 2], 1)
      for head in 0..<heads {
        let value = Float(stage)
        add("\(name).in_conv.\(head).0", [width], value)
        add("\(name).in_conv.\(head).1", [width, width], value)
        add("\(name).out_conv.\(head).0", [width / 2, width], value)
        add("\(name).out_conv.\(head).2", [width / 4, width / 2], value)
        add("\(name).out_conv.\(head).4", [2, width / 4], value)
      }
    }
    return tensors
  }

  private static func imported(
    _ tensors: [String: Tensor], _ set: (inout ImportOptions) -> Void = { _ in }
  ) throws -> ImportedModel {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      SafeTensorsWriter.bytes(tensors, metadata: [:]), to: "model.safetensors")
    var options = ImportOptions()
    set(&options)
    return try ModelImporter.importModel(try Checkpoint.open(path), options: options)
  }

  @Test func tensorsTellEverything() throws {
    let model = try Self.imported(Self.tensors())
    #expect(model.reduction == .spvit(blocks: [3, 6, 9]))
    #expect(model.facts.heads == Self.heads)
    let told = model.origins.first { $0.key == "heads" }
    #expect(told?.source.description.contains("score_predictor.0.senet.0.weight") == true)
    #expect(
      try Self.imported(Self.tensors(stages: 1)) { $0.methodBlocks = [5] }.reduction
        == .spvit(blocks: [4]))
  }

  /// A file of tensors that share bytes has one of them.
  @Test(arguments: [0, 2, 3])
  func anyCopyServes(head: Int) throws {
    let own = Self.tensors().filter { name, _ in
      let parts = name.split(separator: ".")
      return parts[0] != "score_predictor" || parts[2] == "senet" || parts[3] == "\(head)"
    }
    let model = try Self.imported(own)
    #expect(model.reduction == .spvit(blocks: [3, 6, 9]))
    // Of two layers different copies.
    var mixed = own
    let name = "score_predictor.1.out_conv.\(head).2.bias"
    mixed["score_predictor.1.out_conv.1.2.bias"] = mixed.removeValue(forKey: name)
    #expect(try Self.imported(mixed).reduction == model.reduction)
  }

  @Test func copiesThatDifferAreRefused() throws {
    let name = "score_predictor.1.in_conv.2.1.weight"
    var values = Self.tensors()
    values[name]?.values[5] = 7
    let error = try #require(throws: InputError.self) { try Self.imported(values) }
    #expect(error.kind == .contradiction && error.field.description == name, "\(error)")
    #expect(error.expected.description.contains("score_predictor.1.in_conv.0.1.weight"))
    var shapes = Self.tensors()
    shapes[name] = ([4, 16], [Float](repeating: 1, count: 64))
    let other = try #require(throws: InputError.self) { try Self.imported(shapes) }
    #expect(other.field.description == name && other.found.description == "[4, 16]", "\(other)")
  }

  @Test func otherTensorsAreRefusedByName() throws {
    var missing = Self.tensors()
    for head in 0..<Self.heads {
      missing["score_predictor.2.out_conv.\(head).4.bias"] = nil
    }
    missing["score_predictor.2.out_conv.0.5.bias"] = ([2], [0, 0])
    missing["score_predictor.2.out_conv.4.0.bias"] = ([4], [0, 0, 0, 0])
    missing["score_predictor.2.out_conv.00.0.bias"] = ([4], [0, 0, 0, 0])
    let error = try #require(throws: InputError.self) { try Self.imported(missing) }
    for words in [
      "score_predictor.2.out_conv.0.4.bias [2] is missing",
      "score_predictor.2.out_conv.0.5.bias [2] is unexpected",
      "score_predictor.2.out_conv.4.0.bias [4] is unexpected",
      "score_predictor.2.out_conv.00.0.bias [4] is unexpected",
    ] {
      #expect(error.found.description.contains(words), "\(error)")
    }
    for name in ["senet.0.weight", "senet.2.bias"] {
      var own = Self.tensors()
      own["score_predictor.1.\(name)"] = nil
      let error = try #require(throws: InputError.self) { try Self.imported(own) }
      #expect(error.found.description.contains("score_predictor.1.\(name)"), "\(error)")
    }
    // Without what tells the method its tensors are nobody's.
    var unknown = Self.tensors()
    unknown["score_predictor.0.senet.0.weight"] = nil
    #expect(throws: InputError.self) { try Self.imported(unknown) { $0.heads = 4 } }
    var odd = Self.tensors()
    odd["score_predictor.0.senet.0.weight"] = ([8], [Float](repeating: 0, count: 8))
    #expect(throws: InputError.self) { try Self.imported(odd) { $0.heads = 4 } }
  }

  @Test func headsMustBeThoseOfThePredictors() throws {
    let error = try #require(throws: InputError.self) {
      try Self.imported(Self.tensors()) { $0.heads = 8 }
    }
    #expect(
      error.kind == .contradiction && error.subject == .option(ImportOption.heads), "\(error)")
    let config = try #require(throws: InputError.self) {
      try Self.imported(Self.tensors()) {
        $0.config = Checkpoint.Companion(path: "config.json", json: ["num_heads": 2])
      }
    }
    #expect(config.kind == .contradiction, "\(config)")
    let rate = try #require(throws: InputError.self) {
      try Self.imported(Self.tensors()) { $0.keepRate = 0.7 }
    }
    #expect(rate.kind == .contradiction, "\(rate)")
    let blocks = try #require(throws: InputError.self) {
      try Self.imported(Self.tensors()) { $0.methodBlocks = [4, 7] }
    }
    #expect(blocks.kind == .contradiction && blocks.field == "layers", "\(blocks)")
  }
}
