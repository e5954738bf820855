import Checkpoints
import Families
import ModelFacts
import ModelGraph
import PlanFormat
import Records
import TestSupport
import Tensors
import Testing
import ViTCompiler

/// ONNX models that are made of plans, read again. What other engines make of them, `tools/reference/check_export.py`
/// compares.
struct ExportTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let labels = Labels(
    (0..<5).map { Label(identifier: "n\($0)", name: "class \($0)") })

  /// The plan of a model with labels.
  private func plan(_ form: SmallModel.Form, _ weights: PlanCompiler.WeightStorage = .float32)
    throws -> PlanFile
  {
    let model = try SmallModel(form, in: folder)
    var facts = model.facts
    // Not what is assumed of such a model.
    facts.preprocess.mean = Array([0.25, 0.5, 0.75, 0.125].prefix(form.channels))
    facts.preprocess.resizeHeight += 3
    facts.preprocess.resizeWidth += 3
    facts.scores = .sigmoid
    try PlanCompiler.convert(
      model.graph, facts: facts, labels: Self.labels, weights: weights,
      to: folder.file("dense.bin"), from: [])
    return try PlanFile(path: folder.file("dense.bin"))
  }

  private func convert(
    _ path: String, weights: PlanCompiler.WeightStorage = .float32, to name: String
  ) throws -> PlanFile {
    let checkpoint = try Checkpoint.open(path)
    let model = try ModelImporter.importModel(checkpoint, options: ImportOptions())
    try PlanCompiler.convert(
      model, of: checkpoint, labels: model.classLabels, weights: weights, to: folder.file(name))
    return try PlanFile(path: folder.file(name))
  }

  private static let ways: [(name: String, options: ExportOptions)] = {
    var (external, dynamic, latest) = (ExportOptions(), ExportOptions(), ExportOptions())
    external.hasExternalData = true
    dynamic.batch = .dynamic
    (latest.opset, latest.batch) = (ExportOptions.opsets.upperBound, .fixed(3))
    return [
      ("one image", ExportOptions()), ("external data", external), ("any number", dynamic),
      ("three, newest operators", latest),
    ]
  }()

  /// The first block reads the patch embedding as it is.
  private static let withoutPositions: SmallModel.Form = {
    var form = SmallModel.Form("mixed rotary positions without other tokens")
    (form.architecture, form.hasPositions) = ("vit_small_patch16_rope_mixed_224", false)
    (form.hasFrequencies, form.hasClassToken, form.pooling) = (true, false, "avg")
    return form
  }()

  @Test(arguments: SmallModel.all + [withoutPositions])
  func aDenseModelComesBackAsItWas(form: SmallModel.Form) throws {
    let plan = try plan(form)
    for (name, options) in Self.ways {
      try PlanCompiler.export(plan.path, options, to: folder.file("model.onnx"))
      let again = try convert(folder.file("model.onnx"), to: "again.bin")
      var (own, other) = (plan.facts, again.facts)
      (own.provenance, other.provenance) = ([], [])
      #expect(RecordPrinter.difference(own, other) == nil, "\(name)")
      #expect(again.labels == plan.labels)
      #expect("\(again.graph)" == "\(plan.graph)", "\(name)")
      for (constant, original) in zip(again.constants, plan.constants) {
        #expect(constant.shape == original.shape && constant.checksum == original.checksum)
        // Folding adds to a name what a plan has in its numbers, and a network is gone.
        if !form.isDeiT3, !form.isLVViT, !form.hasNetworks, !original.name.hasSuffix("]") {
          #expect(RecordPrinter.difference(constant, original) == nil, "\(name)")
        }
      }
      let source = again.facts.provenance.first { $0.key == "exported.family" }
      #expect(source?.value == plan.facts.family)
    }
  }

  @Test func narrowWeightsStayNarrow() throws {
    // Without weights that the graph does not read.
    let plan = try plan(SmallModel.forms[1], .float16)
    try PlanCompiler.export(plan.path, ExportOptions(), to: folder.file("model.onnx"))
    let model = try #require(try Checkpoint.open(folder.file("model.onnx")).onnx)
    #expect(model.graph.initializers["blocks.1.mlp.fc1.weight"]?.dtype == .float16)
    let again = try convert(folder.file("model.onnx"), weights: .float16, to: "again.bin")
    #expect(again.constants.map(\.checksum) == plan.constants.map(\.checksum))
  }

  @Test func integersAreWrittenWithTheirScales() throws {
    let plan = try plan(SmallModel.forms[0], .int8)
    try PlanCompiler.export(plan.path, ExportOptions(), to: folder.file("model.onnx"))
    let model = try #require(try Checkpoint.open(folder.file("model.onnx")).onnx)
    let name = "blocks.1.mlp.fc1.weight"
    let integers = try #require(model.graph.initializers[name]).float32Values()
    let scales = try #require(model.graph.initializers["\(name).scales"]).float32Values()
    let sums = try #require(model.graph.initializers["\(name).sums"]).float32Values()
    let constant = try #require(plan.graph.constants.first { $0.name == name })
    let (outputs, inputs) = (constant.shape[0], constant.shape[1])
    let values = try constant.values()
    for output in 0..<outputs {
      let column = (0..<inputs).map { integers[$0 * outputs + output] }
      #expect(column.reduce(0, +) == sums[output])
      #expect(
        column.map { $0 * scales[output] } == Array(values[output * inputs..<(output + 1) * inputs])
      )
    }
    var options = ExportOptions()
    options.dequantizes = true
    try PlanCompiler.export(plan.path, options, to: folder.file("model.onnx"))
    let again = try convert(folder.file("model.onnx"), to: "again.bin")
    let place = try #require(again.graph.constant(named: name))
    #expect(try again.graph.constant(place).values() == values)
  }

  @Test func nodesAreNamedAfterBlockAndPart() throws {
    let plan = try plan(SmallModel.forms[0])
    try PlanCompiler.export(plan.path, ExportOptions(), to: folder.file("model.onnx"))
    let model = try #require(try Checkpoint.open(folder.file("model.onnx")).onnx)
    let names = Set(model.graph.nodes.map(\.name))
    for name in [
      "patch_embed.proj", "block1.norm1", "block1.attn.qkv", "block2.attn.softmax",
      "block2.attn.add",
      "block3.mlp.fc1", "block3.mlp.gelu", "block3.mlp.add", "norm", "head", "logits",
    ] {
      #expect(names.contains(name), "\(name) is not among \(names.sorted())")
    }
    #expect(names.count == model.graph.nodes.count)
    #expect(model.graph.nodes.allSatisfy { $0.domain.isEmpty })
  }

  /// Names hold whatever a plan holds; text of ONNX ends at a zero.
  @Test func namesAreEscaped() throws {
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    var graph = model.graph
    graph.renameConstants { $0.hasPrefix("blocks") ? "a\u{1B}[2J\u{0}\n" : $0 }
    var facts = model.facts
    facts.architecture = "x\u{0}\u{202E}"
    let labels = Labels((0..<5).map { Label(identifier: "\u{0}\($0)", name: "\u{1B}\u{0}") })
    try PlanCompiler.convert(
      graph, facts: facts, labels: labels, weights: .float32, to: folder.file("dense.bin"),
      from: [])
    try PlanCompiler.export(
      folder.file("dense.bin"), ExportOptions(), to: folder.file("model.onnx"))
    let read = try #require(try Checkpoint.open(folder.file("model.onnx")).onnx)
    #expect(read.graph.initializers["a\\u{1B}[2J\\u{0}\\u{A}_2"] != nil)
    let again = try convert(folder.file("model.onnx"), to: "again.bin")
    #expect(again.labels == labels && again.facts.architecture == facts.architecture)
  }

  @Test func whatWasRewrittenIsRefusedAsSuch() throws {
    let plan = try plan(SmallModel.forms[0])
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    try PlanCompiler.rewrite(plan, recipe: recipe, to: folder.file("fast.bin"))
    try PlanCompiler.export(
      folder.file("fast.bin"), ExportOptions(), to: folder.file("model.onnx"))
    let checkpoint = try Checkpoint.open(folder.file("model.onnx"))
    let error = #expect(throws: InputError.self) {
      try ModelImporter.importModel(checkpoint, options: ImportOptions())
    }
    #expect(error?.field == "metadata vitc.schedule")
    var options = ExportOptions()
    options.isBase = true
    try PlanCompiler.export(folder.file("fast.bin"), options, to: folder.file("base.onnx"))
    try PlanCompiler.export(plan.path, ExportOptions(), to: folder.file("dense.onnx"))
    #expect(try folder.read("base.onnx") == folder.read("dense.onnx"))
  }

  /// Before the stage all positions are read in their order, behind it those of the tokens that are left.
  @Test(arguments: SmallModel.turned.filter { !$0.hasRelativePositionsOrRMSNorm })
  func tokensThatAreLeftHaveTheirPositions(form: SmallModel.Form) throws {
    let plan = try plan(form)
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    try PlanCompiler.rewrite(plan, recipe: recipe, to: folder.file("fast.bin"))
    try PlanCompiler.export(
      folder.file("fast.bin"), ExportOptions(), to: folder.file("model.onnx"))
    let model = try #require(try Checkpoint.open(folder.file("model.onnx")).onnx)
    let tables = model.graph.nodes.filter { $0.operation == "Gather" }.compactMap {
      model.graph.initializers[$0.inputs[0]]
    }
    #expect(!tables.isEmpty)
    for table in tables {
      #expect(table.shape.rank == 3 && table.shape[0] == plan.facts.patches, "\(table.shape)")
    }
  }

  @Test func whatONNXCannotSayIsRefused() throws {
    let plan = try plan(SmallModel.forms[0])
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    recipe.similarity = .random
    try PlanCompiler.rewrite(plan, recipe: recipe, to: folder.file("random.bin"))
    func refusal(_ name: String, _ options: ExportOptions = ExportOptions()) -> InputError? {
      #expect(throws: InputError.self) {
        try PlanCompiler.export(folder.file(name), options, to: folder.file("model.onnx"))
      }
    }
    #expect(refusal("random.bin")?.field == "similarity")
    for opset in [16, 24] {
      var options = ExportOptions()
      options.opset = opset
      #expect(refusal("dense.bin", options)?.subject == .option(ExportOption.opset))
    }
    for count in [0, -1, 65537] {
      var options = ExportOptions()
      options.batch = .fixed(count)
      #expect(refusal("dense.bin", options)?.subject == .option(ExportOption.batch))
    }
    #expect(!FileSystem.exists(folder.file("model.onnx")))
  }

  /// A text that says something else than the graph is an error, not a model.
  @Test(arguments: [
    ("\"heads\": 3", "\"heads\": 4"), ("\"depth\": 3", "\"depth\": 2"),
    ("\"identifier\"", "\"identifies\""), ("vitc.details", "vitc.retails"),
    ("\"std\": [", "\"std\": {"),
  ])
  func contradictionsAreErrors(original: String, changed: String) throws {
    let plan = try plan(SmallModel.forms[0])
    try PlanCompiler.export(plan.path, ExportOptions(), to: folder.file("model.onnx"))
    var bytes = try folder.read("model.onnx")
    let wanted = Array(original.utf8)
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: wanted) }, "\(original)")
    bytes.replaceSubrange(place..<place + wanted.count, with: changed.utf8)
    let checkpoint = try Checkpoint.open(try folder.write(bytes, to: "changed.onnx"))
    #expect(throws: InputError.self) {
      try ModelImporter.importModel(checkpoint, options: ImportOptions())
    }
  }

  @Test func optionsGoBeforeMetadata() throws {
    let plan = try plan(SmallModel.forms[0])
    try PlanCompiler.export(plan.path, ExportOptions(), to: folder.file("model.onnx"))
    var options = ImportOptions()
    options.mean = [0, 0, 0]
    let model = try ModelImporter.importModel(
      try Checkpoint.open(folder.file("model.onnx")), options: options)
    #expect(model.facts.preprocess.mean == [0, 0, 0])
    #expect(model.facts.preprocess.resizeHeight == plan.facts.preprocess.resizeHeight)
    #expect(model.assumptions.isEmpty)
  }
}

extension SmallModel.Form {
  fileprivate var hasRelativePositionsOrRMSNorm: Bool { hasTables || hasNetworks || hasRMSNorms }
}
