import Checkpoints
import Families
import Kernels
import ModelFacts
import ModelGraph
import PlanFormat
import TestSupport
import Testing
import ViTCompiler

/// Plans of models with every activation.
@Suite struct ActivationPlanTests {
  static let activations = Activation.allCases.filter { $0 != .none }

  /// Forms whose layers take different kernels: direct sums, pairs, Winograd's F(2 x 4, 3 x 3) of the stem.
  static let forms = SmallModel.forms.filter {
    [
      "DeiT with an odd grid", "DeiT of whole panels",
      "LV-ViT with a stem for Winograd's F(2 x 4, 3 x 3)",
    ]
    .contains($0.name)
  }

  /// A model's graph with another activation wherever it has one.
  static func graph(of model: SmallModel, with activation: Activation) throws -> Graph {
    var graph = Graph(constantsOf: model.graph)
    for node in model.graph.nodes {
      var op = node.op
      if case .activation = op { op = .activation(ActivationNode(activation)) }
      try graph.append(op, node.inputs, block: node.block)
    }
    graph.outputs = model.graph.outputs
    return graph
  }

  @Test(arguments: forms, activations)
  func planComputesWhatItsGraphSaysOnEveryKernelSet(
    form: SmallModel.Form, activation: Activation
  ) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    let graph = try Self.graph(of: model, with: activation)
    let plan = folder.file("model.bin")
    try PlanCompiler.convert(
      graph, facts: model.facts, labels: Labels(), weights: .float32, to: plan, from: [])
    let input = model.input(images: 3)
    let expected = try (0..<3).map { image in
      let count = input.count / 3
      return try GraphInterpreter.run(
        graph, image: input[image * count..<(image + 1) * count])
    }
    for kernels in KernelSelection.choices {
      let first = try BatchRun.logits(
        plan, input, images: 3, batch: 3, threads: 1, kernels: kernels)
      try #require(first.count == expected.count)
      for (found, wanted) in zip(first, expected) {
        let largest = wanted.map { abs($0) }.max() ?? 1
        #expect(mismatch(found, wanted, within: 1e-5 * largest) == nil, "\(kernels.name)")
      }
      for (batch, threads) in [(1, 1), (2, 2), (3, 3)] {
        let other = try BatchRun.logits(
          plan, input, images: 3, batch: batch, threads: threads, kernels: kernels)
        #expect(other.map { $0.map(\.bitPattern) } == first.map { $0.map(\.bitPattern) })
      }
    }
  }

  @Test(arguments: [
    ("gelu_tanh_dynamo_20", "gelu_tanh"), ("quick_gelu_torchscript_11", "quick_gelu"),
    ("silu_dynamo_18", "silu"), ("relu_dynamo_18", "relu"),
  ])
  func logitsOfExportedModelsArePyTorchs(fixture: String, name: String) throws {
    let variants = "Tests/Fixtures/variants"
    let checkpoint = try Checkpoint.open("\(variants)/activations/\(fixture)")
    let model = try ModelImporter.importModel(checkpoint, options: ImportOptions())
    let folder = try TemporaryFolder()
    let plan = folder.file("model.bin")
    try PlanCompiler.convert(
      model.graph, facts: model.facts, labels: Labels(), weights: .float32, to: plan,
      from: checkpoint.sources)
    let input = try #require(
      try Checkpoint.open("\(variants)/expected.safetensors").tensors["input"])
    let logits = try #require(
      try Checkpoint.open("\(variants)/activations/expected.safetensors").tensors["logits.\(name)"])
    let expected = logits.float32Values()
    let found = try BatchRun.logits(
      plan, input.float32Values(), images: 2, batch: 2, threads: 2
    ).flatMap(\.self)
    let largest = expected.map { abs($0) }.max() ?? 1
    #expect(mismatch(found, expected, within: 1e-5 * Double(largest)) == nil)
  }
}
