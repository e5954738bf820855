import Kernels
import ModelFacts
import ModelGraph
import Passes
import PlanFormat
import PlanRuntime
import TestSupport
import Testing
import ViTCompiler

/// Compiled plans against the interpreter, for every family and every way to reduce tokens.
struct PlanAgreementTests {
  /// A rewrite and the families it suits.
  struct Rewrite: Sendable, CustomStringConvertible {
    let description: String
    let recipe: RewriteRecipe
    var needsMultiScale: Bool { recipe.isMultiScale }
  }

  static let rewrites: [Rewrite] = {
    func recipe(_ change: (inout RewriteRecipe) -> Void) -> RewriteRecipe {
      var recipe = RewriteRecipe()
      recipe.stages = [.init(block: 0, keepRate: 0.7), .init(block: 2, keepRate: 0.5)]
      change(&recipe)
      return recipe
    }
    var rewrites = [Rewrite(description: "dense", recipe: RewriteRecipe())]
    for strategy in TokenReduction.strategies {
      rewrites.append(
        Rewrite(description: strategy.name, recipe: recipe { $0.strategy = strategy.name }))
    }
    for similarity in Similarity.allCases {
      rewrites.append(
        Rewrite(
          description: "merge by \(similarity.word)",
          recipe: recipe {
            $0.similarity = similarity
            $0.seed = 5
          }))
    }
    for strategy in ["merge", "fuse"] {
      rewrites.append(
        Rewrite(
          description: "size-aware \(strategy)",
          recipe: recipe {
            $0.strategy = strategy
            $0.isSizeAware = true
          }))
    }
    rewrites.append(
      Rewrite(
        description: "multi-scale alone",
        recipe: recipe {
          $0.stages = []
          $0.multiScaleBlocks = 2
        }))
    rewrites.append(
      Rewrite(
        description: "multi-scale and merge",
        recipe: recipe {
          $0.stages = [.init(block: 1, keepRate: 0.6)]
          $0.multiScaleBlocks = 1
        }))
    return rewrites
  }()

  @Test(arguments: SmallModel.all, rewrites)
  func planComputesWhatItsGraphSays(form: SmallModel.Form, rewrite: Rewrite) throws {
    guard form.hasMultiScale || !rewrite.needsMultiScale else { return }
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    try model.convert(to: folder.file("dense.bin"))
    let path: String
    if rewrite.recipe.isEmpty {
      path = folder.file("dense.bin")
    } else {
      path = folder.file("rewritten.bin")
      try PlanCompiler.rewrite(
        try PlanFile(path: folder.file("dense.bin")), recipe: rewrite.recipe, to: path)
    }
    let images = 3
    let input = model.input(images: images)
    let logits = try BatchRun.logits(path, input, images: images, batch: images, threads: 2)

    // The reference executes the model as its family defines it: nothing is folded or fused.
    let passes =
      try [SinkPositions()]
      + RewritePasses.passes(for: rewrite.recipe, model: model.facts, file: path)
    let reference = try PassDriver(passes).run(model.graph)
    for image in 0..<images {
      let count = input.count / images
      let expected = try GraphInterpreter.run(
        reference, image: input[image * count..<(image + 1) * count])
      let largest = expected.map { abs($0) }.max() ?? 1
      #expect(mismatch(logits[image], expected, within: 1e-4 * largest) == nil)
    }
  }

  @Test(arguments: SmallModel.all)
  func logitsAreBitIdenticalForEveryBatchAndThreadCount(form: SmallModel.Form) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    try model.convert(to: folder.file("dense.bin"))
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.6)]
    recipe.isSizeAware = true
    try PlanCompiler.rewrite(
      try PlanFile(path: folder.file("dense.bin")), recipe: recipe, to: folder.file("fast.bin"))
    let input = model.input(images: 5)
    for plan in ["dense.bin", "fast.bin"] {
      let first = try BatchRun.logits(folder.file(plan), input, images: 5, batch: 1, threads: 1)
      for (batch, threads) in [(1, 2), (1, 3), (2, 1), (5, 1), (5, 2), (3, 4)] {
        let other = try BatchRun.logits(
          folder.file(plan), input, images: 5, batch: batch, threads: threads)
        #expect(
          first.map { $0.map(\.bitPattern) } == other.map { $0.map(\.bitPattern) },
          "\(plan), batch \(batch), \(threads) threads")
      }
    }
  }

  /// Those too that are not this processor's choice but another's.
  @Test(arguments: SmallModel.all)
  func everyChoiceOfKernelsComputesTheSame(form: SmallModel.Form) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    try model.convert(to: folder.file("dense.bin"))
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.6)]
    try PlanCompiler.rewrite(
      try PlanFile(path: folder.file("dense.bin")), recipe: recipe, to: folder.file("fast.bin"))
    let input = model.input(images: 2)
    for plan in ["dense.bin", "fast.bin"] {
      func logits(_ kernels: KernelChoice) throws -> [Float] {
        Array(
          try BatchRun.logits(
            folder.file(plan), input, images: 2, batch: 2, threads: 2, kernels: kernels
          ).joined())
      }
      let portable = try logits(try KernelSelection.best(requested: "portable"))
      let largest = portable.map { abs($0) }.max() ?? 1
      var wide: [Bool: [UInt32]] = [:]
      for kernels in KernelSelection.choices {
        let found = try logits(kernels)
        #expect(
          mismatch(found, portable, within: 1e-5 * Double(largest)) == nil,
          "\(plan), \(kernels.name)")
        // Registers of another width change no bit, pairs do.
        guard kernels.name != "portable" else { continue }
        let bits = found.map(\.bitPattern)
        #expect(wide[kernels.paired != nil, default: bits] == bits, "\(plan), \(kernels.name)")
        wide[kernels.paired != nil] = bits
      }
      if form.width % 16 == 0, let paired = wide[true] { #expect(paired != wide[false]) }
    }
  }

  @Test func halfPrecisionWeightsStayClose() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    try model.convert(to: folder.file("f32.bin"))
    try model.convert(to: folder.file("f16.bin"), weights: .float16)
    let input = model.input(images: 2)
    let exact = try BatchRun.logits(
      folder.file("f32.bin"), input, images: 2, batch: 2, threads: 1)
    let half = try BatchRun.logits(folder.file("f16.bin"), input, images: 2, batch: 2, threads: 1)
    #expect(exact != half)
    #expect(mismatch(half.flatMap(\.self), exact.flatMap(\.self), within: 3e-2) == nil)
  }

  @Test func identityInitialisedStageLeavesTheHighScaleAsItIs() throws {
    // With no block before the selection, DOWN and UP never run and only the joining remains.
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    try model.convert(to: folder.file("dense.bin"))
    var recipe = RewriteRecipe()
    recipe.multiScaleBlocks = 0
    recipe.isIdentityInitialised = true
    try PlanCompiler.rewrite(
      try PlanFile(path: folder.file("dense.bin")), recipe: recipe, to: folder.file("ms.bin"))
    let input = model.input(images: 1)
    let dense = try BatchRun.logits(
      folder.file("dense.bin"), input, images: 1, batch: 1, threads: 1)
    let staged = try BatchRun.logits(
      folder.file("ms.bin"), input, images: 1, batch: 1, threads: 1)
    #expect(mismatch(staged[0], dense[0], within: 1e-5) == nil)
  }
}
