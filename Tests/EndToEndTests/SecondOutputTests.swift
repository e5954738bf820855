import Kernels
import ModelFacts
import ModelGraph
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Plans whose graph is run for other results than the logits, or for more.
struct SecondOutputTests {
  private static let form: SmallModel.Form = {
    var form = SmallModel.Form("smallest")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (8, 2, 1, 8, 2)
    (form.patch, form.classes, form.hasMultiScale) = (2, 2, true)
    return form
  }()

  private func convert(_ graph: Graph, _ facts: ModelFacts, to path: String) throws {
    try PlanCompiler.convert(
      graph, facts: facts, labels: Labels(), weights: .float32, to: path, from: [])
  }

  private func logits(_ path: String, _ input: [Float]) throws -> [Float] {
    try BatchRun.logits(path, input, images: 1, batch: 1, threads: 1)[0]
  }

  @Test func plansWithAnySecondOutputAreRewrittenRight() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(Self.form, in: folder)
    let input = model.input(images: 1)
    let (plan, rewritten) = (folder.file("plan.bin"), folder.file("rewritten.bin"))
    let recipes = SmallPlan.recipes.map(\.recipe)
    func run() throws -> [[Float]?] {
      try [try logits(plan, input)]
        + recipes.map { recipe in
          do {
            try PlanCompiler.rewrite(try PlanFile(path: plan), recipe: recipe, to: rewritten)
          } catch let error as InputError
            where recipe.isMultiScale && error.expected == "operands that fit"
          {
            // A low scale has positions of patches alone, and these are of all tokens if somebody wants to see both.
            return nil
          }
          return try logits(rewritten, input)
        }
    }
    try convert(model.graph, model.facts, to: plan)
    let expected = try run()
    #expect(!expected.contains(nil))
    for index in model.graph.types.indices {
      guard case .rows = model.graph.types[index] else { continue }
      var graph = model.graph
      graph.outputs.append(Graph.Output(.tokens, ValueID(index)))
      do {
        try convert(graph, model.facts, to: plan)
      } catch let error as InputError {
        // A table that cannot be folded, as its operand is wanted without it.
        #expect(error.expected == "a node that can be lowered", "value \(index): \(error)")
        continue
      }
      let results = try run()
      try #require(results.count == expected.count)
      for (found, wanted) in zip(results, expected) {
        guard let found, let wanted else { continue }
        #expect(mismatch(found, wanted, within: 1e-4) == nil, "value \(index)")
      }
    }
  }

  /// The rows of a part lie in the whole, which must not be overwritten while they are read.
  @Test func aPartOfAConcatenationMayBeReadAfterTheWhole() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(Self.form, in: folder)
    var source = RandomSource(seed: 3)
    var graph = Graph()
    func constant(_ name: String, _ shape: [Int]) -> ConstantID {
      let values = (0..<shape.reduce(1, *)).map { _ in source.symmetric() }
      return graph.add(Constant(name: name, shape: Shape(shape)) { values })
    }
    var convolution = Convolution()
    (convolution.kernelHeight, convolution.kernelWidth, convolution.outputs) = (4, 4, 2)
    convolution.weight = constant("embedding", [2, 3, 4, 4])
    let image = try graph.add(.image(InputImage(channels: 3, height: 4, width: 4)))
    let rows = try graph.add(.flatten, try graph.add(.convolution(convolution), image))
    func linear(_ name: String) throws -> ValueID {
      try graph.add(.linear(Linear(weight: constant(name, [2, 2]), bias: nil)), rows)
    }
    let part = try linear("a")
    let whole = try graph.add(.concatenate, part)
    let sum = try graph.add(.add, whole, try linear("b"))
    let result = try graph.add(.combine(Combine(alpha: 1, beta: 3)), part, sum)
    graph.outputs = [Graph.Output(.logits, result)]
    try convert(graph, model.facts, to: folder.file("plan.bin"))
    let input = model.input(images: 1)
    let expected = try GraphInterpreter.run(graph, image: input[...])
    #expect(mismatch(try logits(folder.file("plan.bin"), input), expected, within: 1e-5) == nil)
  }

  /// A batch of three, on every set of kernels, for a model with and without its classifier.
  @Test(
    arguments: SmallModel.forms, [[OutputRole.logits, .features, .tokens], [.tokens, .features]])
  func everyRoleIsWhatTheGraphSays(form: SmallModel.Form, roles: [OutputRole]) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    var graph = model.graph
    // The norm behind the blocks is the last of the graph.
    let last = try #require(graph.nodes.last { $0.op.kind == .layerNorm })
    let tokens = last.outputs[0]
    let features = try graph.add(.slice(Slice(first: 0, count: 1)), tokens)
    let values = [
      OutputRole.logits: graph.outputs[0].value, .features: features, .tokens: tokens,
    ]
    graph.outputs = try roles.map { Graph.Output($0, try #require(values[$0])) }
    var facts = model.facts
    if !roles.contains(.logits) { facts.classes = 0 }
    let path = folder.file("plan.bin")
    try convert(graph, facts, to: path)
    let plan = try Plan(path: path)
    try PlanCompiler.verifyProgram(of: plan.file)
    let input = model.input(images: 3)
    let size = input.count / 3
    let expected = try (0..<3).map {
      try GraphInterpreter.outputs(of: graph, image: input[$0 * size..<($0 + 1) * size])
    }
    for choice in KernelSelection.choices {
      let session = try Session(plan: plan, maximumBatch: 3, threadCount: 2, kernels: choice)
      try session.run(images: 3) {
        _ = $0.update(fromContentsOf: input)
      } read: { result in
        for image in 0..<3 {
          for (position, role) in roles.enumerated() {
            let found = try result.output(role, image: image)
            let wanted = expected[image][position]
            let largest = max(1, wanted.map { abs($0) }.max() ?? 1)
            #expect(
              mismatch(found, wanted, within: 1e-5 * largest) == nil,
              "\(choice.name), image \(image), \(role)")
          }
          if !roles.contains(.logits) {
            #expect(throws: InputError.self) { try result.logits(image: image) }
          }
        }
      }
    }
  }
}
