import Checkpoints
import Families
import JSON
import ModelFacts
import PlanFormat
import PlanRuntime
import Records
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Plans against logits, of models without a classifier features, that the PyTorch reference wrote (tools/reference/make_fixtures.py).
struct ReferenceFixtureTests {
  static let folder = "Tests/Fixtures"

  static let models = [
    "deit", "deit_odd_grid", "deit_distilled", "deit3", "vit_patch16", "lvvit", "dinov2_registers",
    "clip", "siglip", "vit_avg", "qk_norm", "eva02", "dinov3", "rope", "rope_mixed", "beit",
    "aimv2",
    "deit_multiscale",
    "distilled_multiscale", "deit3_multiscale", "lvvit_multiscale",
  ]

  @Test(arguments: models)
  func everyCaseHolds(name: String) throws {
    let path = "\(Self.folder)/\(name)"
    let config = try MappedFile(path: "\(path).json").withBytes {
      try JSONParser.parse($0, file: "\(path).json")
    }
    let golden = try Checkpoint.open("\(path).golden.safetensors")
    let input = try #require(golden.tensors["input"])
    let folder = try TemporaryFolder()
    var options = ImportOptions()
    // The cases are the test's own.
    let members = try #require(config.members).filter { $0.name != "cases" }
    options.config = Checkpoint.Companion(path: "\(path).json", json: .object(members))
    let checkpoint = try Checkpoint.open("\(path).safetensors")
    let model = try ModelImporter.importModel(checkpoint, options: options)
    try PlanCompiler.convert(
      model.graph, facts: model.facts, labels: Labels(), weights: .float32,
      to: folder.file("dense.bin"), from: checkpoint.sources)
    for (tensor, logits) in golden.tensors where tensor.hasPrefix("logits.") {
      let name = String(tensor.dropFirst("logits.".count))
      let recipe = try Self.recipe(config["cases"]?[name], name)
      var plan = folder.file("dense.bin")
      if !recipe.isEmpty {
        plan = folder.file("\(name).bin")
        try PlanCompiler.rewrite(
          try PlanFile(path: folder.file("dense.bin")), recipe: recipe, to: plan)
      }
      let expected = logits.float32Values()
      let role = model.graph.outputs[0].role
      #expect(role == (model.facts.classes > 0 ? .logits : .features))
      let found = try BatchRun.results(
        plan, input.float32Values(), images: input.shape[0], batch: input.shape[0], threads: 2
      ) { try $0.output(role, image: $1) }.flatMap(\.self)
      let largest = expected.map { abs($0) }.max() ?? 1
      #expect(mismatch(found, expected, within: 1e-4 * Double(largest)) == nil, "\(name)")
    }
  }

  /// The recipe that a fixture's configuration describes; blocks count from 1 there.
  private static func recipe(_ json: JSONValue?, _ name: String) throws -> RewriteRecipe {
    var recipe = RewriteRecipe()
    guard let json else {
      #expect(name == "dense")
      return recipe
    }
    let layers = try #require(json["layers"]?.elements).compactMap(\.integer)
    let rates = try #require(json["keep"]?.elements).compactMap(\.double)
    try #require(layers.count == rates.count)
    for (layer, rate) in zip(layers, rates) where rate < 1 {
      recipe.stages.append(.init(block: layer - 1, keepRate: rate))
    }
    func choice<E: Choice>(_ key: String, _ fallback: E) -> E {
      E.allCases.first { $0.word == json[key]?.string } ?? fallback
    }
    recipe.strategy = json["strategy"]?.string ?? "merge"
    recipe.similarity = choice("similarity", .cosine)
    recipe.seed = json["seed"]?.integer ?? 0
    recipe.isSizeAware =
      json["size_aware"]?.boolean == true || ["tome", "weighted"].contains(recipe.strategy)
    if json["multi_scale"]?.boolean == true { recipe.multiScaleBlocks = layers[0] - 1 }
    return recipe
  }
}
