import Checkpoints
import Families
import Kernels
import ModelFacts
import ModelGraph
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Weighted merging of a real DeiT-Tiny against golden numbers, where both lie beside the repository: pairs,
/// sizes, patches and tokens of every block.
@Suite(.enabled(if: FileIdentity(path: "../shared/golden/iwm") != nil, "../shared is absent"))
struct WeightedGoldenTests {
  private let folder: TemporaryFolder
  private let dense: PlanFile

  init() throws {
    folder = try TemporaryFolder()
    let checkpoint = try Checkpoint.open("../shared/data/deit_tiny_imagenet.safetensors")
    var options = ImportOptions()
    options.architecture = "deit_tiny_patch16_224"
    let model = try ModelImporter.importModel(checkpoint, options: options)
    try PlanCompiler.convert(model, of: checkpoint, to: folder.file("dense.bin"))
    dense = try PlanFile(path: folder.file("dense.bin"))
  }

  @Test(arguments: ["iwm_r16", "iwm_s50", "iwm_s65"], RecordedRunTests.choices)
  func everyBlockIsTheExpectedOne(name: String, choice: String) throws {
    guard let kernels = KernelSelection.choices.first(where: { $0.name == choice }) else {
      return try skip("this processor does not run \(choice)")
    }
    let golden = try Checkpoint.open("../shared/golden/iwm/\(name).safetensors")
    let removed = (1...12).map { golden.tensors["block\($0).pairs"]?.shape[0] ?? 0 }
    var options = RewriteOptions(removal: .counts(removed))
    options.strategy = .weighted
    let (recipe, notes) = try options.recipe(for: dense) { _ in 0 }
    #expect(notes == [])
    let image = try #require(golden.tensors["pixels"]).float32Values()
    // Beside it in the batch of three another image, and itself again.
    let images = image.map { 0.5 - $0 } + image + image

    try PlanCompiler.rewrite(dense, recipe: recipe, to: folder.file("plan.bin"))
    let logits = try #require(golden.tensors["logits"]).float32Values()
    for (input, count, own) in [(image, 1, [0]), (images, 3, [1, 2])] {
      let runs = try BatchRun.results(
        folder.file("plan.bin"), input, images: count, batch: count, threads: 2, kernels: kernels
      ) { (try $0.logits(image: $1), try $0.stages(image: $1)) }
      for index in own {
        expectNear(runs[index].0, logits, "logits, image \(index) of \(count)")
        try compare(runs[index].1, with: golden)
      }
    }

    // A plan for each block that has its tokens and their sizes as results too.
    let model = try PlanCompiler.model(of: dense, recipe: recipe)
    for node in model.rewritten.nodes {
      guard case .gather = node.op, let block = node.block else { continue }
      var graph = model.rewritten
      graph.outputs += [
        Graph.Output(.tokens, node.outputs[0]), Graph.Output(.features, node.outputs[1]),
      ]
      let path = folder.file("block.bin")
      try PlanCompiler.write(graph, of: model.base, recipe: recipe, from: dense, to: path)
      let results = try BatchRun.results(
        path, image, images: 1, batch: 1, threads: 1, kernels: kernels, verifiesProgram: false
      ) { (try $0.output(.tokens, image: $1), try $0.output(.features, image: $1)) }
      let tokens = try #require(golden.tensors["block\(block + 1).tokens_after_merge"])
      try expectNear(results[0].0, tokens, "block \(block + 1)")
      let sizes = try #require(golden.tensors["block\(block + 1).size"]).float32Values()
      #expect(Array(results[0].1.dropFirst()) == sizes, "block \(block + 1)")
    }
  }

  @Test func moreThanHalfIsRefused() throws {
    var options = RewriteOptions(removal: .counts([0, 98]))
    options.strategy = .weighted
    #expect(try options.recipe(for: dense) { _ in 0 }.recipe.stages.count == 1)
    options.removal = .counts([0, 98, 50])
    let error = #expect(throws: InputError.self) { try options.recipe(for: dense) { _ in 0 } }
    #expect(error?.subject == .option(RewriteOptions.Option.removedCounts))
    #expect(error?.expected == "weighted to take away at most 49 of 98 tokens")
  }

  /// Pairs and patch indices of every block.
  private func compare(_ stages: [StageTrace], with golden: Checkpoint) throws {
    var present = Array(0..<196)
    for stage in stages {
      let block = "block\(stage.record.block + 1)"
      func integers(_ name: String) throws -> [Int] {
        try #require(golden.tensors["\(block).\(name)"]).float32Values().map { Int($0) }
      }
      let kept = stage.kept.map { Int($0) }
      let pairs = stage.destination.enumerated().compactMap { old, new -> [Int]? in
        kept[Int(new)] == old ? nil : [old, kept[Int(new)]]
      }
      let expected = try integers("pairs")
      let wanted = stride(from: 0, to: expected.count, by: 2).map {
        [expected[$0], expected[$0 + 1]]
      }
      #expect(Set(pairs) == Set(wanted) && pairs.count == wanted.count, "\(block)")
      present = kept.map { present[$0] }
      #expect(try present == integers("patch_of_token"), "\(block)")
    }
  }

  /// Within 1e-5 of all tokens' length. Single elements are not held to 1e-5 of the largest: in one column large
  /// values cancel, where the golden numbers themselves are up to 1.5e-5 from those in double precision.
  private func expectNear(_ found: [Float], _ expected: TensorView, _ what: String) throws {
    let values = expected.float32Values()
    try #require(found.count == values.count)
    func length(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let difference = zip(found, values).map { Double($0) - Double($1) }
    #expect(length(difference) <= 1e-5 * length(values.map(Double.init)), "\(what)")
  }

  /// Within 1e-5 of the largest.
  private func expectNear(_ found: [Float], _ expected: [Float], _ what: String) {
    let largest = expected.map { Double(abs($0)) }.max() ?? 1
    #expect(mismatch(found, expected, within: 1e-5 * largest) == nil, "\(what)")
  }
}
