import Checkpoints
import Families
import JSON
import ModelFacts
import ModelGraph
import Tensors
import TestSupport
import Testing

/// Checkpoints and configurations as timm, transformers and torchvision write them.
@Suite struct ImportFixtureTests {
  typealias Case = ImportFixtures.Case

  @Test func theListsAreRead() {
    #expect(ImportFixtures.cases.count > 100)
    #expect(ImportFixtures.refused.count > 50)
  }

  @Test(arguments: ImportFixtures.cases)
  func assumptionsAreReported(of item: Case) throws {
    #expect(
      try item.imported().assumptions.map(\.key).sorted() == item.words("assumptions"),
      "\(item.name)")
  }

  @Test(arguments: ImportFixtures.cases)
  func factsAreTheLibrarys(of item: Case) throws {
    let model = try item.imported()
    let facts = model.facts
    #expect(try facts.architecture == item.value("architecture").string)
    #expect(try facts.heads == item.value("heads").integer)
    #expect(try [facts.imageHeight, facts.imageWidth] == item.integers("image"))
    let comparison = item.json["text_comparison"]?.elements
    #expect((comparison == nil) == (facts.details.textComparison == nil))
    if let comparison, let found = facts.details.textComparison {
      #expect(abs(Double(found.scale) / (comparison[0].double ?? 0) - 1) < 1e-6)
      #expect(found.isSigmoid == (comparison[1].double != nil))
      #expect(found.bias == Float(comparison[1].double ?? 0))
    }
    #expect(facts.scores.word == item.json["scores"]?.string ?? "softmax")
    #expect(try Self.activations(model.graph) == [item.value("activation").string ?? ""])
    let epsilon = try Float(#require(try item.value("epsilon").double))
    #expect(Self.epsilons(model.graph) == [epsilon])
    let entry = facts.provenance.first { $0.key == "epsilon" }
    #expect(entry.flatMap { Float($0.value) } == epsilon)
  }

  @Test(arguments: ImportFixtures.cases.filter { $0.json["preprocess"] != nil })
  func preprocessingIsTheLibrarys(of item: Case) throws {
    let found = try item.imported().facts.preprocess
    let wanted = Case(name: item.name, json: try item.value("preprocess"))
    #expect(try found.interpolation.word == wanted.value("interpolation").string)
    #expect(try "\(found.resize)" == wanted.value("resize").string)
    #expect(try found.resizeHeight == wanted.value("resize_height").integer)
    #expect(try found.resizeWidth == wanted.value("resize_width").integer)
    #expect(try "\(found.crop)" == wanted.value("crop").string)
    #expect(try found.fill == wanted.integers("fill"))
    #expect(try "\(found.alpha)" == wanted.value("alpha").string)
    #expect(try "\(found.rescale)" == wanted.value("rescale").string)
    if found.rescale == .multiply {
      #expect(try found.rescaleFactor == wanted.value("rescale_factor").double)
    }
    #expect(try found.mean == wanted.floats("mean"))
    #expect(try found.standardDeviation == wanted.floats("std"))
  }

  @Test(arguments: ImportFixtures.cases.filter { $0.json["logits"]?.boolean == true })
  func logitsAreTheLibrarys(of item: Case) throws {
    let size = try item.integers("image")
    let channels = item.json["channels"]?.integer ?? 3
    let input = try ImportFixtures.expected(
      "input.\(size[0])x\(size[1])" + (channels == 3 ? "" : "x\(channels)"))
    let expected = try ImportFixtures.expected("\(item.name).logits")
    let graph = try item.imported().graph
    let count = expected.count / 2
    let isHeadless = item.name.contains("features")
    try #require(graph.outputs[0].role == (isHeadless ? .features : .logits))
    try #require(isHeadless || count == 5)
    try #require(input.count == 2 * channels * size[0] * size[1])
    let largest = expected.map(abs).max() ?? 1
    for image in 0..<2 {
      let range = image * (input.count / 2)..<(image + 1) * (input.count / 2)
      let logits = try GraphInterpreter.run(graph, image: input[range])
      let wanted = expected[image * count..<(image + 1) * count]
      try #require(logits.count == count)
      #expect(mismatch(logits, wanted, within: 1e-5 * Double(largest)) == nil)
    }
  }

  @Test(arguments: ImportFixtures.refused)
  func errorsSayWhatIsRefused(of item: Case) throws {
    let error = try #require(throws: InputError.self, "\(item.name)") { _ = try item.imported() }
    for word in try item.words("words") {
      #expect(error.description.contains(word), "\(item.name): \(error)")
    }
  }

  private static func activations(_ graph: Graph) -> Set<String> {
    Set(
      graph.nodes.filter { $0.block != nil }.compactMap {
        switch $0.op {
        case .activation(let node): "\(node.kind)"
        case .gatedActivation(let gated): "\(gated.activation)"
        case .linear(let linear) where linear.activation != .none: "\(linear.activation)"
        default: nil
        }
      })
  }

  private static func epsilons(_ graph: Graph) -> Set<Float> {
    Set(
      graph.nodes.compactMap {
        switch $0.op {
        case .layerNorm(let norm): norm.epsilon
        case .rmsNorm(let norm): norm.epsilon
        case .linear(let linear): linear.norm?.epsilon
        default: nil
        }
      })
  }
}
