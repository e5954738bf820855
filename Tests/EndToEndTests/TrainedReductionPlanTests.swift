import Checkpoints
import Families
import JSON
import ModelFacts
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Plans of checkpoints that were trained for fewer tokens.
struct TrainedReductionPlanTests {
  private static let golden = "../shared/golden/methods"

  /// Converts a checkpoint as the configuration beside it says.
  private static func convert(_ path: String, config: JSONValue, to plan: String) throws {
    let checkpoint = try Checkpoint.open("\(path).safetensors")
    var options = ImportOptions()
    options.config = Checkpoint.Companion(path: "\(path).json", json: config)
    try PlanCompiler.convert(
      try ModelImporter.importModel(checkpoint, options: options), of: checkpoint, to: plan)
  }

  private static func json(_ path: String) throws -> JSONValue {
    try MappedFile(path: path).withBytes { try JSONParser.parse($0, file: path) }
  }

  /// Against numbers of the methods' own code, where they lie beside the repository.
  @Test(
    .enabled(if: FileIdentity(path: golden) != nil, "../shared is absent"),
    arguments: [
      "evit_fuse", "evit_drop", "dynamicvit_deit", "dynamicvit_lvvit", "evovit", "ppt", "avit",
      "asvit_deit", "asvit_lvvit", "ats", "spvit_deit", "spvit_lvvit",
    ])
  func logitsAndTokensAreThoseOfItsAuthors(name: String) throws {
    try Self.compare("\(Self.golden)/\(name)", patches: 64)
  }

  /// Against the reference, on models under its authors' names.
  @Test(arguments: [
    "evit_fuse", "evit_drop", "dynamicvit_deit", "dynamicvit_lvvit", "evovit", "ppt", "avit",
    "asvit_deit", "asvit_lvvit", "ats", "spvit_deit", "spvit_lvvit",
  ])
  func logitsAndTokensAreThoseOfTheReference(name: String) throws {
    try Self.compare("Tests/Fixtures/methods/\(name)", patches: 16)
  }

  private static func compare(_ path: String, patches: Int) throws {
    let folder = try TemporaryFolder()
    let plan = folder.file("plan.bin")
    try Self.convert(path, config: try Self.json("\(path).json"), to: plan)
    try PlanCompiler.verifyProgram(of: try PlanFile(path: plan))
    let golden = try Checkpoint.open("\(path).golden.safetensors")
    let input = try #require(golden.tensors["input"])
    let expected = try #require(golden.tensors["logits"]).float32Values()
    let largest = Double(expected.map { abs($0) }.max() ?? 0)
    let images = input.shape[0]
    var bits: [[UInt32]] = []
    for (batch, threads) in [(images, 2), (1, 1)] {
      let runs = try BatchRun.results(
        plan, input.float32Values(), images: images, batch: batch, threads: threads
      ) { (try $0.logits(image: $1), try $0.stages(image: $1)) }
      #expect(
        mismatch(runs.flatMap(\.0), expected, within: 2e-5 * largest) == nil, "batches of \(batch)")
      bits.append(runs.flatMap(\.0).map(\.bitPattern))
      for (image, run) in runs.enumerated() {
        try Self.compare(run.1, image, golden, patches: patches)
      }
    }
    #expect(bits[0] == bits[1])
  }

  /// Compares the tokens that are there behind each stage, by patch; ids from the number of patches on are
  /// tokens that the method made.
  private static func compare(
    _ stages: [StageTrace], _ image: Int, _ golden: Checkpoint, patches: Int
  ) throws {
    // A-ViT's tables are of what blocks work on, the first of all tokens.
    let depth = golden.tensors["depth"].map { Int($0.float32Values()[image * (1 + patches)]) }
    #expect(
      stages.count + (depth == nil ? 0 : 1)
        == golden.tensors.keys.filter { $0.hasSuffix(".kept") }.count)
    var tokens = Array(0..<patches)
    var made = patches
    for stage in stages {
      // Evo-ViT's tokens are all there again.
      if stage.destination.count != tokens.count { tokens = Array(0..<patches) }
      tokens = stage.kept.map { tokens[Int($0)] }
      if stage.appendsRow {
        tokens.append(made)
        made += 1
      }
      let number = stage.record.block + (depth == nil ? 0 : 1)
      if let depth, number >= depth {
        // Behind the class token's last block nothing depends on the others, and none is left.
        #expect(tokens.isEmpty)
        continue
      }
      let block = "block\(number)"
      let table = try #require(golden.tensors["\(block).kept"])
      let row = table.float32Values()[image * table.shape[1]..<(image + 1) * table.shape[1]]
      #expect(tokens.sorted() == row.map { Int($0) }.filter { $0 >= 0 })
      let counts = try #require(golden.tensors["\(block).count"]).float32Values()
      #expect(tokens.count == Int(counts[image]))
    }
  }

  /// A fixture with other values of the tensors whose names begin and end so.
  private static func changed(
    _ name: String, _ tensor: (first: String, last: String), in folder: TemporaryFolder,
    _ change: ([Float]) -> [Float]
  ) throws -> String {
    let path = "Tests/Fixtures/methods/\(name)"
    var tensors = try Checkpoint.open("\(path).safetensors").tensors.mapValues {
      (shape: $0.shape.extents, values: $0.float32Values())
    }
    let own = tensors.keys.filter { $0.hasPrefix(tensor.first) && $0.hasSuffix(tensor.last) }
    #expect(!own.isEmpty)
    for key in own {
      let values = try #require(tensors[key]?.values)
      tensors[key]?.values = change(values)
    }
    return try folder.write(
      SafeTensorsWriter.bytes(tensors, metadata: [:]), to: "\(name).safetensors")
  }

  /// Logits of a fixture's input with other values of such tensors.
  private static func logits(
    _ name: String, _ tensor: (first: String, last: String), _ change: ([Float]) -> [Float]
  ) throws -> [Float] {
    let folder = try TemporaryFolder()
    let path = try Self.changed(name, tensor, in: folder, change)
    let plan = folder.file("plan.bin")
    try Self.convert(
      String(path.dropLast(".safetensors".count)),
      config: try Self.json("Tests/Fixtures/methods/\(name).json"), to: plan)
    let golden = try Checkpoint.open("Tests/Fixtures/methods/\(name).golden.safetensors")
    let input = try #require(golden.tensors["input"])
    return try BatchRun.logits(
      plan, input.float32Values(), images: input.shape[0], batch: input.shape[0], threads: 2
    ).flatMap(\.self)
  }

  /// What a predictor cannot say is not passed over.
  @Test(arguments: [
    ("dynamicvit_deit", "score_predictor.2.out_conv", "4.bias"),
    ("dynamicvit_lvvit", "score_predictor.0.in_conv", "1.bias"),
    ("spvit_deit", "score_predictor.2.out_conv", "4.bias"),
    ("spvit_lvvit", "score_predictor.1.in_conv", "1.bias"),
  ])
  func predictorsWithoutNumbersAreSeen(name: String, first: String, last: String) throws {
    #expect(try Self.logits(name, (first, last)) { $0 }.allSatisfy(\.isFinite))
    for value in [Float.nan, .infinity] {
      let found = try Self.logits(name, (first, last)) { $0.map { _ in value } }
      #expect(found.allSatisfy { !$0.isFinite }, "\(value)")
    }
  }

  @Test func thresholdsThatAreNoNumbersAreRefused() throws {
    let folder = try TemporaryFolder()
    let name = "score_predictor.1.keep_threshold"
    let path = try Self.changed("asvit_deit", (name, ""), in: folder) { _ in [.nan] }
    let error = try #require(throws: InputError.self) {
      try Self.convert(
        String(path.dropLast(".safetensors".count)),
        config: try Self.json("Tests/Fixtures/methods/asvit_deit.json"),
        to: folder.file("plan.bin"))
    }
    #expect(error.field.description.contains(name), "\(error)")
    #expect(error.expected == "one finite number" && error.found == "nan", "\(error)")
  }

  /// Tokens of Evo-ViT that go through no block are there again; those that other methods leave out are not.
  @Test(arguments: [("evovit", true), ("dynamicvit_deit", false), ("spvit_deit", false)])
  func tokensThatWaitAreTold(name: String, waits: Bool) throws {
    let folder = try TemporaryFolder()
    let path = "Tests/Fixtures/methods/\(name)"
    try Self.convert(path, config: try Self.json("\(path).json"), to: folder.file("plan.bin"))
    let golden = try Checkpoint.open("\(path).golden.safetensors")
    let input = try #require(golden.tensors["input"])
    let images = try BatchRun.results(
      folder.file("plan.bin"), input.float32Values(), images: input.shape[0],
      batch: input.shape[0], threads: 2
    ) { try $0.tokenStages(image: $1) }
    for stage in images.joined() {
      let gone = stage.owners.indices.filter { stage.owners[$0] == nil }
      #expect(!gone.isEmpty && stage.waiting == (waits ? gone : []))
    }
  }

  /// What a model was trained with would be gone without a word.
  @Test(arguments: ["evit_fuse", "dynamicvit_deit", "avit", "spvit_deit"])
  func theirPlansAreNotRewritten(name: String) throws {
    let folder = try TemporaryFolder()
    let (path, plan) = ("Tests/Fixtures/methods/\(name)", folder.file("plan.bin"))
    try Self.convert(path, config: try Self.json("\(path).json"), to: plan)
    let error = try #require(throws: InputError.self) {
      try PlanCompiler.rewrite(plan, RewriteOptions(keepRates: [0.5]), to: folder.file("fast.bin"))
    }
    #expect(error.kind == .unsupported && error.field == "method", "\(error)")
    #expect(FileIdentity(path: folder.file("fast.bin")) == nil)
    // Nor is the model as it was before it had fewer tokens.
    var options = ExportOptions()
    options.isBase = true
    let base = try #require(throws: InputError.self) {
      try PlanCompiler.export(plan, options, to: folder.file("base.onnx"))
    }
    #expect(base.field == "method", "\(base)")
    #expect(FileIdentity(path: folder.file("base.onnx")) == nil)
  }

  /// EViT's code and our rewrites have the same rule: one plan, to the byte.
  @Test(arguments: [("fuse_0.7", true, 0.7), ("drop_0.5", false, 0.5)])
  func evitIsTheRewriteOfItsName(name: String, fuses: Bool, rate: Double) throws {
    let folder = try TemporaryFolder()
    let path = "Tests/Fixtures/deit"
    let own = try #require(try Self.json("\(path).json").members).filter { $0.name != "cases" }
    let reduction: JSONValue = [
      "method": "evit", "blocks": [3, 6, 9], "keep_rate": .init(rate),
      "fuse": .bool(fuses),
    ]
    let evit = folder.file("evit.bin")
    try Self.convert(
      path, config: .object(own + [JSONMember("token_reduction", reduction)]), to: evit)
    var recipe = RewriteRecipe()
    recipe.strategy = fuses ? "fuse" : "drop"
    recipe.stages = [3, 6, 9].map { .init(block: $0, keepRate: rate) }
    #expect(try PlanFile(path: evit).recipe == recipe)
    let rewritten = folder.file("rewritten.bin")
    try PlanCompiler.rewrite(try PlanFile(path: evit), recipe: recipe, to: rewritten)
    func bytes(_ path: String) throws -> [UInt8] {
      try MappedFile(path: path).withBytes { Array($0) }
    }
    #expect(try bytes(evit) == bytes(rewritten))
    let golden = try Checkpoint.open("\(path).golden.safetensors")
    let input = try #require(golden.tensors["input"])
    let expected = try #require(golden.tensors["logits.\(name)"]).float32Values()
    let found = try BatchRun.logits(
      evit, input.float32Values(), images: input.shape[0], batch: input.shape[0], threads: 2)
    let largest = Double(expected.map { abs($0) }.max() ?? 0)
    #expect(mismatch(found.flatMap(\.self), expected, within: 1e-4 * largest) == nil)
  }

  /// Products that miss a whole number by rounding are rounded up by EViT's code, where a rewrite forgives them.
  @Test func evitCountsInDoublePrecision() {
    var facts = ModelFacts()
    (facts.imageHeight, facts.imageWidth, facts.patchSize) = (160, 160, 16)
    func counts(_ rate: Double, fuses: Bool) -> [Int] {
      var patches = facts.patches
      return TrainedReduction.evit(blocks: [0, 1], keepRate: rate, fuses: fuses)
        .recipe(for: facts).stages.map {
          let kept = $0.keptTokens(of: patches)
          patches = kept + (fuses ? 1 : 0)
          return kept
        }
    }
    // 0.55 * 100 is a little more than 55.
    #expect(counts(0.55, fuses: false) == [56, 31])
    #expect(counts(0.7, fuses: true) == [70, 50])
    #expect(counts(1, fuses: true) == [])
    #expect(counts(1e-300, fuses: true) == [1, 1])
    #expect(counts(1e-300, fuses: false) == [1])
  }
}
