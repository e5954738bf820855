import Kernels
import ModelFacts
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Plans whose linear layers multiply in eight bits.
struct QuantizedPlanTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The way of quantizing does not matter: before a rewrite, behind it, or as the checkpoint is converted.
  @Test(arguments: SmallModel.forms)
  func quantizingAndRewritingCanBeSwapped(form: SmallModel.Form) throws {
    let model = try SmallModel(form, in: folder)
    let names = ["dense.bin", "int8.bin", "fast.bin", "fast-int8.bin", "int8-fast.bin"]
    let paths = names.map(folder.file)
    try model.convert(to: paths[0])
    try PlanCompiler.quantize(paths[0], to: paths[1])
    try model.convert(to: paths[2], weights: .int8)
    #expect(try folder.read(names[2]) == folder.read(names[1]))
    for rewrite in PlanAgreementTests.rewrites
    where !rewrite.recipe.isEmpty && (form.hasMultiScale || !rewrite.needsMultiScale) {
      try PlanCompiler.rewrite(try PlanFile(path: paths[0]), recipe: rewrite.recipe, to: paths[2])
      try PlanCompiler.quantize(paths[2], to: paths[3])
      try PlanCompiler.rewrite(try PlanFile(path: paths[1]), recipe: rewrite.recipe, to: paths[4])
      #expect(try folder.read(names[3]) == folder.read(names[4]), "\(rewrite)")
      try PlanCompiler.verifyProgram(of: try PlanFile(path: paths[3]))
    }
  }

  @Test func aCombinedPlanStaysOne() throws {
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    let paths = ["dense.bin", "combined.bin", "int8.bin", "other.bin"].map(folder.file)
    try model.convert(to: paths[0])
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    let cascade = CascadeRecord(margin: 0.5, fallbackShare: 0.5)
    try PlanCompiler.rewrite(
      try PlanFile(path: paths[0]), recipe: recipe, cascade: cascade, to: paths[1])
    try PlanCompiler.quantize(paths[1], to: paths[2])
    try PlanCompiler.verifyProgram(of: try PlanFile(path: paths[2]))
    try PlanCompiler.quantize(paths[0], to: paths[1])
    try PlanCompiler.rewrite(
      try PlanFile(path: paths[1]), recipe: recipe, cascade: cascade, to: paths[3])
    #expect(try folder.read("other.bin") == folder.read("int8.bin"))
  }

  /// A batch, a number of threads and instructions change no bit, within what pairs and fused sums do to the rest.
  @Test(arguments: SmallModel.forms, [false, true])
  func logitsAreTheSameHoweverTheyAreComputed(form: SmallModel.Form, isReduced: Bool) throws {
    let model = try SmallModel(form, in: folder)
    var path = folder.file("int8.bin")
    try model.convert(to: path, weights: .int8)
    if isReduced {
      var recipe = RewriteRecipe()
      (recipe.strategy, recipe.stages) = ("weighted", [.init(block: 1, keepRate: 0.6)])
      try PlanCompiler.rewrite(
        try PlanFile(path: path), recipe: recipe, to: folder.file("fast.bin"))
      path = folder.file("fast.bin")
    }
    let images = 5
    let input = model.input(images: images)
    var wide: [Bool: [UInt32]] = [:]
    for kernels in KernelSelection.choices {
      func bits(_ batch: Int, threads: Int) throws -> [UInt32] {
        try BatchRun.logits(
          path, input, images: images, batch: batch, threads: threads, kernels: kernels
        ).joined().map(\.bitPattern)
      }
      let alone = try bits(1, threads: 1)
      #expect(try bits(1, threads: 3) == alone, "\(kernels.name)")
      #expect(try bits(2, threads: 1) == alone, "\(kernels.name)")
      #expect(try bits(5, threads: 2) == alone, "\(kernels.name)")
      guard kernels.name != "portable" else { continue }
      #expect(wide[kernels.paired != nil, default: alone] == alone, "\(kernels.name)")
      wide[kernels.paired != nil] = alone
    }
  }

  /// Twelve layers of random weights in eight bits change logits by a few hundredths of the largest.
  @Test(arguments: SmallModel.forms)
  func logitsAreCloseToThoseOfFloats(form: SmallModel.Form) throws {
    let model = try SmallModel(form, in: folder)
    let paths = ["f32.bin", "int8.bin"].map(folder.file)
    try model.convert(to: paths[0])
    try model.convert(to: paths[1], weights: .int8)
    let input = model.input(images: 2)
    let logits = try paths.map {
      try BatchRun.logits($0, input, images: 2, batch: 2, threads: 1).flatMap(\.self)
    }
    let largest = logits[0].map { abs($0) }.max() ?? 1
    #expect(mismatch(logits[1], logits[0], within: 0.04 * Double(largest)) == nil)
    #expect(logits[0] != logits[1])
  }

  @Test(arguments: KernelSelection.choices.indices)
  func aRowThatIsNotFiniteIsNotHidden(choice: Int) throws {
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    try model.convert(to: folder.file("int8.bin"), weights: .int8)
    var input = model.input(images: 2)
    input[3] = .nan
    let logits = try BatchRun.logits(
      folder.file("int8.bin"), input, images: 2, batch: 2, threads: 1,
      kernels: KernelSelection.choices[choice])
    #expect(logits[0].allSatisfy { !$0.isFinite })
    #expect(logits[1].allSatisfy { $0.isFinite })
  }

  @Test(arguments: SmallModel.forms)
  func headsAndConvolutionsBehindTheFirstStayAsTheyAre(form: SmallModel.Form) throws {
    let model = try SmallModel(form, in: folder)
    try model.convert(to: folder.file("int8.bin"), weights: .int8)
    let plan = try PlanFile(path: folder.file("int8.bin"))
    let quantized = Set(plan.weights(of: .int8).map(\.name))
    let blocks = quantized.filter { $0.contains("blocks.") }
    #expect(blocks.count == 4 * form.depth)
    // Those of a stem are none of patches.
    #expect(
      quantized.subtracting(blocks) == (form.isLVViT ? [] : ["patch_embed.proj.weight"]))
    let others = plan.weights(of: .float32).map(\.name)
    #expect(others.contains { $0.contains("head") })
    #expect(others.contains { $0.contains("patch_embed") } == form.isLVViT)
  }

  /// Of 17 tokens: the last block's attention has one query.
  @Test func attentionFollowsTheWeightsThatMakeWhatItReads() throws {
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    let (source, path) = (folder.file("f32.bin"), folder.file("int8.bin"))
    try model.convert(to: source)
    func kinds(keeping kept: [String]) throws -> [StepKind] {
      try PlanCompiler.quantize(source, keeping: kept, to: path)
      let plan = try PlanFile(path: path)
      try PlanCompiler.verifyProgram(of: plan)
      return plan.program.steps.map(\.step.kind).filter {
        $0 == .attention || $0 == .quantizedAttention
      }
    }
    let all = try kinds(keeping: [])
    #expect(all == all.dropLast().map { _ in .quantizedAttention } + [.attention])
    #expect(all.count == SmallModel.forms[0].depth)
    let kept = try kinds(keeping: ["blocks.0.attn.qkv.weight"])
    #expect(kept == [.attention] + all.dropFirst())
    let original = try PlanFile(path: source).program.steps.map(\.step.kind)
    #expect(!original.contains(.quantizedAttention))
  }

  @Test func weightsCanBeKeptByNamesAndPatterns() throws {
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    let (source, path) = (folder.file("f16.bin"), folder.file("int8.bin"))
    try model.convert(to: source, weights: .float16)
    try PlanCompiler.quantize(
      source, keeping: ["blocks.0.*", "blocks.?.mlp.fc2.weight", "blocks.1.attn.qkv.weight"],
      to: path)
    let plan = try PlanFile(path: path)
    #expect(
      plan.weights(of: .int8).map(\.name).sorted() == [
        "blocks.1.attn.proj.weight", "blocks.1.mlp.fc1.weight", "blocks.2.attn.proj.weight",
        "blocks.2.attn.qkv.weight", "blocks.2.mlp.fc1.weight", "patch_embed.proj.weight",
      ])
    #expect(plan.weights(of: .float32).isEmpty)
    try PlanCompiler.verifyProgram(of: plan)
    let unknown = #expect(throws: InputError.self) {
      try PlanCompiler.quantize(source, keeping: ["blocks.9.*"], to: path)
    }
    #expect(unknown?.subject == .option(QuantizationOption.keptWeights))
    #expect(unknown?.field == "blocks.9.*")
    let nothing = #expect(throws: InputError.self) {
      try PlanCompiler.quantize(source, keeping: ["*"], to: path)
    }
    #expect(nothing?.found == "none")
    let again = #expect(throws: InputError.self) {
      try PlanCompiler.quantize(path, to: folder.file("again.bin"))
    }
    #expect(again?.found == "int8 already")
  }

  /// New checksums must not make a damaged plan a sound one.
  @Test func aDamagedPlanIsNotQuantized() throws {
    try SmallModel(SmallModel.forms[0], in: folder).convert(to: folder.file("plan.bin"))
    let bytes = try folder.read("plan.bin")
    let plan = try PlanFile(path: folder.file("plan.bin"))
    for index in [0, plan.constants.count - 1] {
      var damaged = bytes
      damaged[4096 + plan.constants[index].offset] ^= 1
      let path = try folder.write(damaged, to: "damaged.bin")
      #expect(throws: InputError.self) {
        try PlanCompiler.quantize(path, to: folder.file("int8.bin"))
      }
    }
    #expect(FileIdentity(path: folder.file("int8.bin")) == nil)
  }
}
