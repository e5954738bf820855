import Families
import ModelGraph
import Tensors
import Testing

/// Published models have the parameters and multiply-adds that the papers count (method, FLOPs).
@Suite struct CostTests {
  private static let published: [(form: Form, name: String, parameters: Double, giga: Double)] = [
    (Form(width: 192), "deit_tiny_patch16_224", 5.717, 1.254),
    (Form(width: 384), "deit_small_patch16_224", 22.051, 4.599),
    (Form(width: 768), "deit_base_patch16_224", 86.568, 17.564),
    (Form(width: 384, depth: 16, stem: 64), "lvvit_s", 26.152, 6.476),
  ]

  @Test(arguments: published.indices)
  func parametersAndMultiplyAddsAreThePapers(index: Int) throws {
    let (form, name, parameters, giga) = Self.published[index]
    let model = try ModelImporter.importModel(form.tensors(), options: ImportOptions())
    #expect(model.facts.architecture == name)
    #expect(abs(Double(model.graph.parameterCount) / 1e6 - parameters) < 5e-4)
    #expect(abs(Double(model.graph.multiplyAdds) / 1e9 - giga) < 5e-4)
    #expect(model.facts.defaultSelectionBlocks == (form.stem == nil ? [4, 7, 10] : [5, 9, 13]))
  }

  @Test func headWidthOfLVViTTComesFromItsPreset() throws {
    let model = try ModelImporter.importModel(
      Form(width: 240, stem: 64).tensors(), options: ImportOptions())
    #expect(model.facts.architecture == "lvvit_t")
    #expect(model.facts.heads == 4)
  }

  @Test func missingUnexpectedAndMisshapenTensorsAreReportedTogether() {
    var shapes = Form(width: 64, depth: 2).shapes
    shapes["blocks.1.mlp.fc3.bias"] = shapes.removeValue(forKey: "blocks.1.mlp.fc2.bias")
    shapes["head.bias"] = [7]
    let error = #expect(throws: InputError.self) {
      try ModelImporter.importModel(Form.tensors(shapes), options: ImportOptions())
    }
    let found = error?.found ?? ""
    #expect(
      found.contains("blocks.1.mlp.fc2.bias [64] is missing (there is blocks.1.mlp.fc3.bias)"))
    #expect(found.contains("blocks.1.mlp.fc3.bias [64] is unexpected"))
    #expect(found.contains("head.bias is [7], not [1000]"))
    #expect(error?.expected.contains("tensors named as timm does") == true)
  }
}

/// Shapes of a model without its values.
struct Form {
  var width: Int
  var depth = 12
  var stem: Int?

  var shapes: [String: [Int]] {
    let hidden = (stem == nil ? 4 : 3) * width
    var shapes: [String: [Int]] = [
      "cls_token": [1, 1, width], "pos_embed": [1, 197, width], "norm.weight": [width],
      "norm.bias": [width], "head.weight": [1000, width], "head.bias": [1000],
      "patch_embed.proj.weight": [width, 3, 16, 16], "patch_embed.proj.bias": [width],
    ]
    if let stem {
      shapes["patch_embed.proj.weight"] = [width, stem, 8, 8]
      shapes["patch_embed.conv1.weight"] = [stem, 3, 7, 7]
      shapes["patch_embed.conv2.weight"] = [stem, stem, 3, 3]
      shapes["patch_embed.conv3.weight"] = [stem, stem, 3, 3]
      shapes["aux_head.weight"] = [1000, width]
      shapes["aux_head.bias"] = [1000]
      for norm in 1...3 {
        for part in ["weight", "bias", "running_mean", "running_var"] {
          shapes["patch_embed.bn\(norm).\(part)"] = [stem]
        }
      }
    }
    for block in 0..<depth {
      let name = "blocks.\(block)"
      for (layer, outputs, inputs) in [
        ("attn.qkv", 3 * width, width), ("attn.proj", width, width), ("mlp.fc1", hidden, width),
        ("mlp.fc2", width, hidden),
      ] {
        shapes["\(name).\(layer).weight"] = [outputs, inputs]
        if stem == nil || layer != "attn.qkv" { shapes["\(name).\(layer).bias"] = [outputs] }
      }
      for norm in ["norm1", "norm2"] {
        shapes["\(name).\(norm).weight"] = [width]
        shapes["\(name).\(norm).bias"] = [width]
      }
    }
    return shapes
  }

  func tensors() -> TensorSet { Self.tensors(shapes) }

  static func tensors(_ shapes: [String: [Int]]) -> TensorSet {
    TensorSet(
      file: "model",
      tensors: Dictionary(
        uniqueKeysWithValues: shapes.map { name, extents in
          (name, NamedTensor(shape: Shape(extents), origin: name) { [] })
        }))
  }
}
