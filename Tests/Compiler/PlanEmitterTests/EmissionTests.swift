import ModelFacts
import ModelGraph
import PlanFormat
import TestSupport
import Tensors
import Testing
import ViTCompiler

/// What is written is a function of what is read.
struct EmissionTests {
  private func recipe(_ keep: Double, _ strategy: String = "merge") -> RewriteRecipe {
    var recipe = RewriteRecipe()
    recipe.strategy = strategy
    recipe.stages = [.init(block: 1, keepRate: keep)]
    return recipe
  }

  @Test(arguments: SmallModel.forms)
  func twoConversionsAreByteEqual(form: SmallModel.Form) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    try model.convert(to: folder.file("a.bin"))
    try model.convert(to: folder.file("b.bin"))
    #expect(try folder.read("a.bin") == folder.read("b.bin"))
  }

  @Test(arguments: SmallModel.forms)
  func rewritingARewrittenPlanStartsFromItsBaseGraph(form: SmallModel.Form) throws {
    let folder = try TemporaryFolder()
    try SmallModel(form, in: folder).convert(to: folder.file("dense.bin"))
    func rewrite(_ from: String, _ to: String, _ recipe: RewriteRecipe) throws {
      try PlanCompiler.rewrite(
        try PlanFile(path: folder.file(from)), recipe: recipe, to: folder.file(to))
    }
    try rewrite("dense.bin", "half.bin", recipe(0.5))
    try rewrite("dense.bin", "dropped.bin", recipe(0.8, "drop"))
    try rewrite("dropped.bin", "half again.bin", recipe(0.5))
    #expect(try folder.read("half.bin") == folder.read("half again.bin"))
  }

  @Test func rewriteCopiesWeightsAsTheyAre() throws {
    let folder = try TemporaryFolder()
    try SmallModel(SmallModel.forms[0], in: folder).convert(to: folder.file("dense.bin"))
    let dense = try PlanFile(path: folder.file("dense.bin"))
    try PlanCompiler.rewrite(dense, recipe: recipe(0.5), to: folder.file("fast.bin"))
    let fast = try PlanFile(path: folder.file("fast.bin"))
    #expect(dense.constants == Array(fast.constants.prefix(dense.constants.count)))
    for index in fast.constants.indices { try fast.verifyConstant(index) }
  }

  @Test func planIsNotWrittenOverItsInput() throws {
    let folder = try TemporaryFolder()
    try SmallModel(SmallModel.forms[0], in: folder).convert(to: folder.file("dense.bin"))
    let before = try folder.read("dense.bin")
    #expect(throws: InputError.self) {
      try PlanCompiler.rewrite(
        try PlanFile(path: folder.file("dense.bin")), recipe: recipe(0.5),
        to: folder.file("dense.bin"))
    }
    #expect(try folder.read("dense.bin") == before)
    #expect(folder.names == ["dense.bin", "model.safetensors"])
  }

  @Test func foldingKeepsTheNumberOfParameters() throws {
    for form in SmallModel.forms {
      let folder = try TemporaryFolder()
      let model = try SmallModel(form, in: folder)
      try model.convert(to: folder.file("dense.bin"))
      let plan = try PlanFile(path: folder.file("dense.bin"))
      let graph = try PlanCompiler.executableGraph(of: plan)
      #expect(graph.parameterCount == model.graph.parameterCount)
      #expect(graph.multiplyAdds == model.graph.multiplyAdds)
      #expect(plan.program.executedMultiplyAdds <= graph.executedMultiplyAdds)
    }
  }
}
