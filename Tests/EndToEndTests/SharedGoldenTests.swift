import Checkpoints
import Families
import ModelFacts
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// A real ImageNet DeiT-Tiny against expected outputs, where both lie beside the repository.
struct SharedGoldenTests {
  static let shared = "../shared"

  /// A case of the golden files.
  struct Case: Sendable, CustomStringConvertible {
    let description: String
    var recipe = RewriteRecipe()

    init(
      _ name: String, keep: Double? = nil, strategy: String = "merge",
      similarity: Similarity = .cosine, isSizeAware: Bool = false, multiScaleBlocks: Int? = nil
    ) {
      description = name
      if let keep { recipe.stages = [3, 6, 9].map { .init(block: $0, keepRate: keep) } }
      (recipe.strategy, recipe.similarity) = (strategy, similarity)
      recipe.isSizeAware = isSizeAware
      recipe.multiScaleBlocks = multiScaleBlocks
    }
  }

  static let cases = [
    Case("dense"), Case("drop_0.7", keep: 0.7, strategy: "drop"),
    Case("fuse_0.7", keep: 0.7, strategy: "fuse"), Case("merge_0.5", keep: 0.5),
    Case("merge_0.7", keep: 0.7),
    Case("merge_attention_0.5", keep: 0.5, similarity: .attention),
    Case("merge_l1_0.5", keep: 0.5, similarity: .l1),
    Case("merge_l2_0.5", keep: 0.5, similarity: .l2),
    Case("merge_sizeaware_0.5", keep: 0.5, isSizeAware: true),
    Case("merge_sizeaware_0.7", keep: 0.7, isSizeAware: true),
    Case("multiscale_merge_0.7", keep: 0.7, multiScaleBlocks: 3),
    Case("tome_0.7", keep: 0.7, strategy: "tome", isSizeAware: true),
  ]

  @Test(
    .enabled(if: FileIdentity(path: "../shared/golden") != nil, "../shared is absent"),
    arguments: cases)
  func logitsAndTokenSetsAreTheExpectedOnes(case: Case) throws {
    let folder = try TemporaryFolder()
    try convert(to: folder.file("dense.bin"), weights: .float32)
    var plan = folder.file("dense.bin")
    if !`case`.recipe.isEmpty {
      plan = folder.file("rewritten.bin")
      let extra =
        `case`.recipe.isMultiScale
        ? try MultiScaleFixture.constants(
          "\(Self.shared)/golden/deit_tiny/multiscale_random.safetensors") : []
      try PlanCompiler.rewrite(
        try PlanFile(path: folder.file("dense.bin")), recipe: `case`.recipe, extra: extra, to: plan)
    }
    let (shape, input) = try NPYFile.readFloat32(path: "\(Self.shared)/golden/deit_tiny/input4.npy")
    let golden = try Checkpoint.open(
      "\(Self.shared)/golden/deit_tiny/\(`case`.description).safetensors")
    let expected = try #require(golden.tensors["logits"]).float32Values()
    let runs = try BatchRun.results(
      plan, input, images: shape[0], batch: shape[0], threads: 2
    ) { result, image in
      (try result.logits(image: image), try result.stages(image: image))
    }
    for (image, run) in runs.enumerated() {
      let wanted = expected[image * 1000..<(image + 1) * 1000]
      #expect(mismatch(run.0, wanted, within: `case`.recipe.isEmpty ? 1e-4 : 5e-4) == nil)
      try compare(run.1, of: `case`.recipe.strategy, with: golden, image: image)
    }
  }

  @Test(.enabled(if: FileIdentity(path: "../shared/golden") != nil, "../shared is absent"))
  func halfWeightsStayNearTheExpectedLogits() throws {
    let folder = try TemporaryFolder()
    let plan = folder.file("half.bin")
    try convert(to: plan, weights: .float16)
    let (shape, input) = try NPYFile.readFloat32(path: "\(Self.shared)/golden/deit_tiny/input4.npy")
    let golden = try Checkpoint.open("\(Self.shared)/golden/deit_tiny/dense.safetensors")
    let expected = try #require(golden.tensors["logits"]).float32Values()
    let runs = try BatchRun.results(
      plan, input, images: shape[0], batch: shape[0], threads: 2
    ) { result, image in try result.logits(image: image) }
    for (image, logits) in runs.enumerated() {
      let wanted = Array(expected[image * 1000..<(image + 1) * 1000])
      #expect(mismatch(logits, wanted, within: 3e-2) == nil)
      #expect(logits.firstIndex(of: logits.max() ?? 0) == wanted.firstIndex(of: wanted.max() ?? 0))
    }
  }

  private func convert(to plan: String, weights: PlanCompiler.WeightStorage) throws {
    let checkpoint = try Checkpoint.open("\(Self.shared)/data/deit_tiny_imagenet.safetensors")
    var options = ImportOptions()
    options.architecture = "deit_tiny_patch16_224"
    let model = try ModelImporter.importModel(checkpoint, options: options)
    try PlanCompiler.convert(
      model.graph, facts: model.facts, labels: Labels(), weights: weights, to: plan, from: [])
  }

  /// Compares kept and owner sets, where the golden file has them.
  private func compare(
    _ stages: [StageTrace], of strategy: String, with golden: Checkpoint, image: Int
  ) throws {
    guard strategy != "tome" else { return }
    func indices(_ name: String) -> [Int]? {
      guard let view = golden.tensors[name] else { return nil }
      let width = view.shape[1]
      return view.float32Values()[image * width..<(image + 1) * width].map { Int($0) }
    }
    var origin = Array(0..<196)
    for stage in stages {
      let kept = stage.kept.map { origin[Int($0)] }
      if let expected = indices("block\(stage.record.block).kept"),
        !kept.contains(-1)
      {
        #expect(kept == expected.filter { $0 >= 0 }.prefix(kept.count).map(\.self))
      }
      origin = kept + (strategy == "fuse" ? [-1] : [])
    }
    if let owner = indices("owner"), strategy == "merge" {
      let traced = TokenOwners.trace(stages, patches: 196)
      #expect(traced.last?.map { $0 ?? -1 } == owner)
    }
  }
}
