import Checkpoints
import Families
import ModelFacts
import ModelGraph
import Tensors
import TestSupport
import Testing

/// ONNX graphs with every activation, however it was written.
@Suite struct ActivationVariantTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    var file: String
    var logits: String
    var activation: Activation
    var testDescription: String { file }
  }

  static let variants: [Variant] = [
    ("gelu_tanh", Activation.geluTanh, ["gelu_tanh_dynamo_20", "gelu_new", "gelu_fast"]),
    ("gelu_tanh", .geluTanh, ["fast_gelu_operator"]),
    ("quick_gelu", .quickGelu, ["quick_gelu_operator"]),
    ("silu", .silu, ["swish_operator"]), ("relu", .relu, []),
  ].flatMap { logits, activation, files in
    (files + ["\(logits)_torchscript_11", "\(logits)_dynamo_18"]).map {
      Variant(file: $0, logits: logits, activation: activation)
    }
  }

  static func imported(_ file: String) throws -> ImportedModel {
    try Variants.imported("activations/\(file)")
  }

  @Test(arguments: variants)
  func activationIsReadOffTheGraph(variant: Variant) throws {
    let model = try Self.imported(variant.file)
    let kinds = model.graph.nodes.compactMap {
      if case .activation(let node) = $0.op { node.kind } else { nil }
    }
    #expect(kinds == [variant.activation, variant.activation])
    let entry = model.facts.provenance.first { $0.key == "activation" }
    #expect(entry?.value == ActivationWords.word(variant.activation))
    #expect(entry?.source == "the ONNX graph")
  }

  @Test(arguments: variants)
  func logitsArePyTorchs(variant: Variant) throws {
    let input = try Variants.expected("input")
    let expected =
      try Checkpoint.open(Variants.path("activations/expected.safetensors"))
      .tensors["logits.\(variant.logits)"]?.float32Values() ?? []
    try #require(expected.count == 10)
    let graph = try Self.imported(variant.file).graph
    let largest = expected.map(abs).max() ?? 1
    for image in 0..<2 {
      let range = image * (input.count / 2)..<(image + 1) * (input.count / 2)
      let logits = try GraphInterpreter.run(graph, image: input[range])
      let wanted = expected[image * 5..<image * 5 + 5]
      #expect(mismatch(logits, wanted, within: 1e-5 * Double(largest)) == nil)
    }
  }

  /// The weights are `deit`'s, so that only the activation tells the models apart.
  @Test(arguments: variants)
  func weightsAreThoseOfTheModelItself(variant: Variant) throws {
    let (found, model) = (try Self.imported(variant.file), try Variants.imported("deit"))
    #expect(try Variants.constants(found.graph) == Variants.constants(model.graph))
  }

  @Test func exactGeluStaysWhatItIs() throws {
    for file in ["torchscript_11", "dynamo_18", "dynamo_23", "simplified"] {
      let entry = try Variants.imported(file).facts.provenance.first { $0.key == "activation" }
      #expect(entry?.value == "gelu", "\(file)")
    }
  }

  @Test func otherConstantsAreRefusedByNodeAndFormula() {
    let error = #expect(throws: InputError.self) { try Self.imported("refused_sigmoid_1.5") }
    #expect(error?.expected.contains("one of the activations gelu, relu, gelu_tanh") == true)
    #expect(error?.expected.hasSuffix("behind mlp.fc1 of block 1 from the end") == true)
    #expect(error?.found.contains("sigmoid(1.5 x)") == true)
    #expect(error?.field.contains("/blocks/blocks.1/mlp/act/Mul_1 (Mul)") == true)
  }

  @Test func blocksWithDifferentActivationsAreRefused() {
    let error = #expect(throws: InputError.self) { try Self.imported("refused_mixed") }
    #expect(error?.field == "blocks.1.mlp")
    #expect(
      error?.expected.contains("gelu") == true && error?.expected.contains("blocks.0") == true)
    #expect(error?.found == "relu")
  }
}
