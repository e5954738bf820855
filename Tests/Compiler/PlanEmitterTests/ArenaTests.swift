import ModelFacts
import ModelGraph
import PlanFormat
import TestSupport
import Testing
import ViTCompiler

/// How much room the buffers of a program take beside each other.
@Suite struct ArenaTests {
  private static func arenaBytes(
    _ dense: String, _ strategy: String, blocks: [Int], in folder: TemporaryFolder
  ) throws -> Int {
    var recipe = RewriteRecipe()
    recipe.strategy = strategy
    recipe.stages = blocks.map { .init(block: $0, keepRate: 1) }
    let gate = [("gate_scale", 1), ("gate_center", 1), ("eps", 0.01)].map(MethodConstants.setting)
    let plan = folder.file("rewritten.bin")
    try PlanCompiler.rewrite(
      try PlanFile(path: dense), recipe: recipe, extra: strategy == "avit" ? gate : [], to: plan)
    return try PlanFile(path: plan).program.arenaBytes
  }

  /// An image that keeps its own number of tokens may keep all of them, so that rows before and behind a stage are as
  /// large: they must not both lie outside of what the FFN takes.
  @Test(arguments: [("ats", [1]), ("ats", [1, 2, 3, 4]), ("avit", [0, 1, 2, 3, 4])])
  func roomForAllTokensIsTakenOnce(strategy: String, blocks: [Int]) throws {
    let folder = try TemporaryFolder()
    var form = SmallModel.Form("six blocks")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (64, 2, 6, 256, 14)
    let dense = folder.file("dense.bin")
    try SmallModel(form, in: folder).convert(to: dense)
    let before = try PlanFile(path: dense).program.arenaBytes
    let after = try Self.arenaBytes(dense, strategy, blocks: blocks, in: folder)
    // Rows of tokens are a fifth of what the FFN takes.
    #expect(Double(after) < 1.1 * Double(before), "\(after) of \(before)")
  }
}
