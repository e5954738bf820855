import ModelFacts
import ModelGraph
import Passes
import TestSupport
import Testing

/// A hostile plan's graph may be run for any of its rows beside the logits.
struct OutputTests {
  /// Every rows of a model's graph, as a second output of that graph.
  private func graphs(of graph: Graph) -> [Graph] {
    graph.types.indices.map(ValueID.init).compactMap { value in
      guard case .rows = graph.type(value) else { return nil }
      var changed = graph
      changed.outputs.append(Graph.Output(.tokens, value))
      return changed
    }
  }

  private func expectClose(_ found: [Double], _ expected: [Double], _ what: String) {
    let largest = max(1, expected.map { abs($0) }.max() ?? 1)
    #expect(mismatch(found, expected, within: 1e-5 * largest) == nil, "\(what)")
  }

  @Test(arguments: SmallModel.forms, PassEquivalenceTests.lists.indices)
  func passesKeepEveryOutput(form: SmallModel.Form, list: Int) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    let input = model.input(images: 1)
    for graph in graphs(of: model.graph) {
      let before = try GraphInterpreter.outputs(of: graph, image: input[...])
      let changed = try PassDriver(PassEquivalenceTests.lists[list].1).run(graph)
      let after = try GraphInterpreter.outputs(of: changed, image: input[...])
      try #require(after.count == 2 && before.count == 2)
      for (a, b) in zip(after, before) { expectClose(a, b, "\(form), \(graph.outputs[1])") }
    }
  }

  /// A rewrite may change what the second output is, but not the logits.
  @Test(arguments: SmallModel.forms.prefix(5), SmallPlan.recipes.indices)
  func rewritesKeepTheLogits(form: SmallModel.Form, recipe: Int) throws {
    let (name, recipe) = SmallPlan.recipes[recipe]
    guard form.hasMultiScale || !recipe.isMultiScale else { return }
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    let input = model.input(images: 1)
    let base = try PassDriver(PassList.cleanup).run(model.graph)
    let rewrites = try RewritePasses.passes(for: recipe, model: model.facts, file: "plan")
    let expected = try GraphInterpreter.run(
      try PassDriver(rewrites).run(base), image: input[...])
    for graph in graphs(of: base) {
      let changed = try PassDriver(rewrites + PassList.fusion).run(graph)
      let found = try GraphInterpreter.run(changed, image: input[...])
      expectClose(found, expected, "\(form), \(name), \(graph.outputs[1])")
    }
  }

  @Test func anOutputIsAUse() throws {
    var graph = Graph()
    let image = try graph.add(.image(InputImage(channels: 3, height: 2, width: 2)))
    let halved = try graph.add(.avgPool2x2, image)
    _ = try graph.add(.scale(Scale(2)), halved)
    graph.outputs = [Graph.Output(.tokens, image)]
    let uses = graph.uses()
    #expect(uses.map(\.nodes) == [[1], [2], []])
    #expect(uses.map(\.isOneNode) == [false, true, false])
  }

  @Test func outputsThatDoNotSuitTheirRoleAreErrorsOfTheGraph() throws {
    let folder = try TemporaryFolder()
    let graph = try SmallModel(SmallModel.forms[0], in: folder).graph
    let image = ValueID(0)
    let tokens = try #require(
      graph.types.indices.map(ValueID.init).first {
        if case .rows(let count, _, _) = graph.type($0) { return count > 1 }
        return false
      })
    let logits = graph.outputs[0].value
    for outputs in [
      [], [Graph.Output(.logits, ValueID(graph.types.count))], [Graph.Output(.tokens, image)],
      [Graph.Output(.logits, tokens)], [Graph.Output(.features, tokens)],
      [Graph.Output(.logits, logits), Graph.Output(.logits, logits)],
    ] {
      var changed = graph
      changed.outputs = outputs
      #expect(throws: GraphError.self, "\(outputs)") { try changed.verify() }
    }
    var sound = graph
    sound.outputs = [Graph.Output(.tokens, tokens), Graph.Output(.features, logits)]
    try sound.verify()
  }

  @Test func aValueThatWasLeftOutIsAnErrorOfTheGraph() throws {
    var graph = Graph()
    let image = try graph.add(.image(InputImage(channels: 3, height: 2, width: 2)))
    graph.outputs = [Graph.Output(.tokens, try graph.add(.avgPool2x2, image))]
    var rebuilder = GraphRebuilder(graph)
    #expect(throws: GraphError.self) { try rebuilder.copy(graph.nodes[1]) }
    #expect(throws: GraphError.self) { try rebuilder.finish() }
  }
}
