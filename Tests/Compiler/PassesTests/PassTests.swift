import ModelFacts
import ModelGraph
import Passes
import Tensors
import TestSupport
import Testing

struct KeptTokensTests {
  @Test func numberOfKeptTokensIsTheCeilingOfTheDecimal() {
    func kept(_ rate: Double, of patches: Int) -> Int {
      RewriteRecipe.Stage(block: 0, keepRate: rate).keptTokens(of: patches)
    }
    #expect([196, 138, 97].map { kept(0.7, of: $0) } == [138, 97, 68])
    #expect([196, 98, 49].map { kept(0.5, of: $0) } == [98, 49, 25])
    // 0.1 x 30 and 0.7 x 10 are whole numbers in decimal, whatever binary says.
    #expect(kept(0.1, of: 30) == 3)
    #expect(kept(0.7, of: 10) == 7)
    #expect(kept(1, of: 196) == 196)
    #expect(kept(0.001, of: 196) == 1)
  }
}

/// Passes change how a model is computed and nothing else.
struct PassEquivalenceTests {
  static let lists: [(String, [any Pass])] = [
    ("cleanup", PassList.cleanup), ("cleanup and fusion", PassList.cleanup + PassList.fusion),
  ]

  @Test(arguments: SmallModel.forms, lists.indices)
  func passesKeepTheResult(form: SmallModel.Form, list: Int) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    let input = model.input(images: 1)
    let before = try GraphInterpreter.run(model.graph, image: input[...])
    let changed = try PassDriver(Self.lists[list].1).run(model.graph)
    let after = try GraphInterpreter.run(changed, image: input[...])
    #expect(mismatch(after, before, within: 1e-5) == nil)
  }

  @Test func fusionLeavesOneNodeForEachKernel() throws {
    let folder = try TemporaryFolder()
    for form in SmallModel.forms {
      let model = try SmallModel(form, in: folder)
      let fused = try PassDriver(PassList.cleanup + PassList.fusion).run(model.graph)
      let left = fused.nodes.map(\.op.kind).filter {
        [.batchNorm, .scaleColumns, .scale, .addPositions, .activation].contains($0)
      }
      #expect(left == [], "\(form)")
    }
  }

  @Test func normThatOneLinearReadsBecomesPartOfIt() throws {
    let folder = try TemporaryFolder()
    for form in SmallModel.forms {
      let model = try SmallModel(form, in: folder)
      let fused = try PassDriver(PassList.cleanup + PassList.fusion).run(model.graph)
      for norm in fused.nodes where norm.op.kind == .layerNorm {
        let readers = fused.nodes.filter { $0.inputs.contains(norm.outputs[0]) }
        #expect(
          readers.count != 1 || readers[0].op.kind != .linear,
          "\(form): a norm of block \(norm.block.map(String.init) ?? "none") is a step of its own")
      }
    }
  }

  @Test func headThatReadsTheClassTokenLeavesTheOtherRowsOfTheLastBlockOut() throws {
    let folder = try TemporaryFolder()
    for form in SmallModel.forms where !form.isLVViT {
      let model = try SmallModel(form, in: folder)
      let fused = try PassDriver(PassList.cleanup + PassList.fusion).run(model.graph)
      let last = fused.nodes.filter { $0.block == form.depth - 1 }
      let hidden = last.filter {
        if case .linear(let linear) = $0.op { return linear.activation == .gelu }
        return false
      }
      let rows = hidden.map { fused.type($0.outputs[0]) }
      #expect(rows == [.rows(count: form.isDistilled ? 2 : 1, width: form.hidden)])
    }
  }

  @Test func driverStopsAfterTheGivenNumberOfPasses() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[3], in: folder)
    let none = try PassDriver(PassList.cleanup, limit: 0).run(model.graph)
    #expect(none.description == model.graph.description)
    let two = try PassDriver(PassList.cleanup, limit: 2).run(model.graph)
    #expect(!two.nodes.contains { $0.op.kind == .scaleColumns })
  }
}

struct BipartiteMatchingTests {
  /// As ToMe's code counts: tokens at even positions, prefix tokens among them, can be merged.
  @Test(arguments: SmallModel.forms)
  func everyOtherTokenFromTheClassTokenOnCanBeMerged(form: SmallModel.Form) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    var recipe = RewriteRecipe()
    recipe.strategy = "tome"
    recipe.stages = [.init(block: 0, keepRate: 0.6)]
    let passes = try RewritePasses.passes(for: recipe, model: model.facts, file: "plan")
    let base = try PassDriver(PassList.cleanup).run(model.graph)
    let positions = try PassDriver(passes).run(base).nodes.compactMap { node -> Int? in
      if case .bipartiteAssign(let assign) = node.op { assign.prefix + assign.first } else { nil }
    }
    #expect(positions == [2])
  }
}

struct TokenReductionErrorTests {
  @Test func matchingMoreThanHalfIsAnErrorOfTheGraph() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    var recipe = RewriteRecipe()
    recipe.strategy = "tome"
    recipe.stages = [.init(block: 0, keepRate: 0.3)]
    let passes = try RewritePasses.passes(for: recipe, model: model.facts, file: "plan")
    let base = try PassDriver(PassList.cleanup).run(model.graph)
    let error = #expect(throws: GraphError.self) { try PassDriver(passes).run(base) }
    #expect(error?.kind == OpKind.partition.word)
    #expect(error?.reason.contains("at most 8 of 16") == true)
  }

  @Test func aStrategyThatThereIsNotIsAnErrorOfThePlan() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    var recipe = RewriteRecipe()
    recipe.strategy = "melt"
    recipe.stages = [.init(block: 0, keepRate: 0.5)]
    let error = #expect(throws: InputError.self) {
      try RewritePasses.passes(for: recipe, model: model.facts, file: "plan.bin")
    }
    #expect(error?.file == "plan.bin")
    #expect(error?.expected.hasPrefix("one of merge, fuse, ") == true)
  }
}
