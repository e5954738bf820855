import Checkpoints
import Families
import JSON
import ModelFacts
import PlanFormat
import PlanRuntime
import TestSupport
import Tensors
import Testing
import ViTCompiler
import ViTRuntime

/// A plan of the reference's fixture `deit`, a rewrite of it, and images for both.
struct CascadeFixture {
  let folder: TemporaryFolder
  let dense: String
  let cheap: String

  /// What `cheap` is of `dense`.
  let recipe: RewriteRecipe

  init() throws {
    folder = try TemporaryFolder()
    (dense, cheap) = (folder.file("dense.bin"), folder.file("cheap.bin"))
    let path = "\(ReferenceFixtureTests.folder)/deit"
    let config = try MappedFile(path: "\(path).json").withBytes {
      try JSONParser.parse($0, file: "\(path).json")
    }
    var options = ImportOptions()
    let members = try #require(config.members).filter { $0.name != "cases" }
    options.config = Checkpoint.Companion(path: "\(path).json", json: .object(members))
    let checkpoint = try Checkpoint.open("\(path).safetensors")
    let model = try ModelImporter.importModel(checkpoint, options: options)
    try PlanCompiler.convert(model, of: checkpoint, to: dense)
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    self.recipe = recipe
    try PlanCompiler.rewrite(try PlanFile(path: dense), recipe: recipe, to: cheap)
  }

  /// Images of the model's size, of random samples.
  func crops(_ count: Int) throws -> [RGBImage] {
    let size = try Plan(path: dense).inputSize
    var source = RandomSource(seed: 11)
    return (0..<count).map { _ in
      RGBImage(
        width: size.width, height: size.height,
        pixels: (0..<size.height * size.width * 3).map { _ in
          UInt8(truncatingIfNeeded: source.next() >> 32)
        })
    }
  }

  /// The bits of what a plan says of images by itself, one at a time.
  func bits(_ plan: Plan, _ crops: [RGBImage]) throws -> [[UInt32]] {
    let classifier = try Classifier(plan: plan, threadCount: 1)
    return try crops.map { try classifier.logits(of: [$0])[0].map(\.bitPattern) }
  }

  /// How sure the cheap plan is of each image.
  func margins(_ crops: [RGBImage]) throws -> [Double] {
    let classifier = try Classifier(plan: Plan(path: cheap), maximumBatch: crops.count)
    return try classifier.logits(of: crops).map { Ranking.margin(of: $0) }
  }
}
