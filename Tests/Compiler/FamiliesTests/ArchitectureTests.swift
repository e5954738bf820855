import Families
import ModelFacts
import Tensors
import Testing

/// The table of published architectures, and what is taken from it where nothing else speaks.
@Suite struct ArchitectureTests {
  @Test func namesAreThereOnceAndTheirExtentsFit() throws {
    #expect(Architecture.all.count == 393)
    #expect(Set(Architecture.all.map(\.name)).count == Architecture.all.count)
    for architecture in Architecture.all where architecture.missing == nil {
      #expect(architecture.embedDim % architecture.heads == 0, "\(architecture.name)")
      #expect(architecture.activation != nil, "\(architecture.name)")
    }
  }

  @Test(arguments: [
    ("deit3_huge_patch14_224", 16), ("vit_giant_patch14_224", 16), ("test_vit", 2),
    ("vit_gigantic_patch14_224", 16), ("deit_tiny_patch16_224", 3), ("lvvit_t", 4),
  ])
  func headsAreThoseOfTheArchitecture(name: String, heads: Int) throws {
    #expect(try #require(Architecture.named(name)).heads == heads)
  }

  @Test func bareCheckpointsSayWhatIsAssumedAndWhatElseItCouldBe() throws {
    let model = try ModelImporter.importModel(
      Form(width: 384).tensors(), options: ImportOptions())
    #expect(model.facts.heads == 6)
    #expect(
      model.assumptions.map(\.key) == [
        "architecture", "image_size", "heads", "activation", "pooling", "epsilon", "crop_pct",
        "crop_mode",
        "interpolation", "mean", "std",
      ])
    let lines = model.assumptions.map(\.description)
    #expect(
      lines[2].hasPrefix("model: heads: assumed 6, from the preset deit_small_patch16_224"))
    // The two families differ in mean and deviation alone.
    #expect(lines[0].contains("vit_small_patch16_224 has the same"))
    #expect(lines[9].contains("[0.5, 0.5, 0.5] in vit_small_patch16_224"))
  }

  @Test func twinsThatNoTensorTellsApartAreNamed() throws {
    var shapes = Form(width: 384).shapes
    shapes["pos_embed"] = [1, 196, 384]
    for block in 0..<12 {
      shapes["blocks.\(block).ls1.gamma"] = [384]
      shapes["blocks.\(block).ls2.gamma"] = [384]
    }
    let model = try ModelImporter.importModel(Form.tensors(shapes), options: ImportOptions())
    #expect(model.facts.architecture == "deit3_small_patch16_224")
    let note = try #require(model.assumptions.first { $0.key == "rotary_positions" })
    #expect(note.value == "none")
    #expect(
      note.alternatives.description.contains("pairs in vit_small_patch16_rope_ape_224"))
  }

  @Test func shapesOfNoKnownModelAskForTheirHeads() throws {
    let tensors = Form(width: 64, depth: 2).tensors()
    let error = #expect(throws: InputError.self) {
      try ModelImporter.importModel(tensors, options: ImportOptions())
    }
    #expect(error?.expected == "a number from heads or from a config.json (num_heads)")
    #expect(error?.kind == .missingValue)
    var options = ImportOptions()
    options.heads = 4
    let model = try ModelImporter.importModel(tensors, options: options)
    #expect(model.facts.heads == 4)
    #expect(
      model.assumptions.map(\.key).prefix(4) == ["image_size", "activation", "pooling", "epsilon"])
    options.heads = 5
    #expect(throws: InputError.self) { try ModelImporter.importModel(tensors, options: options) }
  }

  @Test func flagsDecideAndLeaveNothingToAssume() throws {
    var options = ImportOptions()
    (options.heads, options.activation, options.pooling) = (4, "quick_gelu", "token")
    (options.epsilon, options.cropFraction, options.cropMode) = (1e-5, 0.95, "squash")
    (options.mean, options.standardDeviation) = ([0.1, 0.2, 0.3], [1, 1, 1])
    (options.interpolation, options.imageSize) = ("lanczos", 224)
    let model = try ModelImporter.importModel(
      Form(width: 64, depth: 2).tensors(), options: options)
    #expect(model.assumptions.isEmpty)
    #expect(model.graph.description.contains("quickGelu"))
    let preprocess = model.facts.preprocess
    #expect(preprocess.resize == .squash && preprocess.resizeHeight == 235)
    #expect(preprocess.interpolation == .lanczos && preprocess.mean == [0.1, 0.2, 0.3])
  }

  @Test(arguments: ["avg", "max", "avgmax"])
  func patchTokensArePooledWhereThatIsAsked(word: String) throws {
    var options = ImportOptions()
    (options.heads, options.pooling) = (4, word)
    let model = try ModelImporter.importModel(
      Form(width: 64, depth: 2).tensors(), options: options)
    let kinds = model.graph.nodes.map(\.op.kind)
    #expect(kinds.contains(.reduceMean) == (word != "max"))
    #expect(kinds.contains(.reduceMax) == (word != "avg"))
  }

  @Test(arguments: [
    ("map", InputError.Kind.contradiction), ("none", .unsupported), ("mystery", .invalidOption),
  ])
  func otherPoolingIsRefused(word: String, kind: InputError.Kind) {
    var options = ImportOptions()
    (options.heads, options.pooling) = (4, word)
    let error = #expect(throws: InputError.self) {
      try ModelImporter.importModel(Form(width: 64, depth: 2).tensors(), options: options)
    }
    #expect(error?.subject == .option(ImportOption.pooling))
    #expect(error?.kind == kind)
  }

  @Test func namesWithoutPlainBlocksAreRefusedWithWhatTheyNeed() {
    for (name, need) in [
      ("samvit_base_patch16", "windowed attention"), ("cait_s24_224", "CaiT"),
      ("vit_small_patch16_18x2_224", "parallel blocks"),
      ("mobilenetv3_small", "another"),
    ] {
      var options = ImportOptions()
      options.architecture = name
      let error = #expect(throws: InputError.self) {
        try ModelImporter.importModel(Form(width: 384).tensors(), options: options)
      }
      #expect(error?.found.contains(need) == true, "\(name): \(error?.description ?? "")")
    }
  }
}
