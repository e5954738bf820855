import Families
import ModelGraph
import Tensors
import TestSupport
import Testing

/// One model, however it was written, is one graph.
@Suite struct VariantTests {
  @Test(arguments: Variants.exact.indices)
  func graphAndWeightsAreThoseOfTheModelItself(index: Int) throws {
    let (name, of) = Variants.exact[index]
    let (variant, model) = (try Variants.imported(name), try Variants.imported(of))
    #expect(variant.graph.description == model.graph.description, "\(name)")
    #expect(variant.graph.parameterCount == model.graph.parameterCount, "\(name)")
    #expect(try Variants.constants(variant.graph) == Variants.constants(model.graph), "\(name)")
  }

  @Test(arguments: Variants.all.indices)
  func logitsArePyTorchs(index: Int) throws {
    let (name, of) = Variants.all[index]
    let input = try Variants.expected("input")
    let expected = try Variants.expected("logits.\(of)")
    try #require(expected.count == 10)
    let graph = try Variants.imported(name).graph
    let largest = expected.map(abs).max() ?? 1
    for image in 0..<2 {
      let range = image * (input.count / 2)..<(image + 1) * (input.count / 2)
      let logits = try GraphInterpreter.run(graph, image: input[range])
      let wanted = expected[image * 5..<image * 5 + 5]
      let tolerance = (name == "half" ? 3e-2 : 1e-5) * Double(largest)
      #expect(mismatch(logits, wanted, within: tolerance) == nil)
    }
  }

  @Test func quantisedModelsAreRefusedInWords() {
    let error = #expect(throws: InputError.self) { try Variants.imported("quantised") }
    #expect(error?.found.contains("a quantised model") == true)
    #expect(
      error?.field.contains("QuantizeLinear") == true || error?.field.contains("Dequantize") == true
    )
  }

  @Test func headsAndEpsilonOfAnONNXGraphAreReadFromIt() throws {
    let facts = try Variants.imported("torchscript_11").facts
    #expect(facts.heads == 2)
    for key in ["heads", "epsilon"] {
      let entry = facts.provenance.first { $0.key == key }
      #expect(entry?.source == "the ONNX graph")
    }
  }
}
