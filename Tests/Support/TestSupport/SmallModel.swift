internal import Checkpoints
internal import Families
internal import JSON
package import ModelFacts
package import ModelGraph
internal import PlanFormat
internal import Tensors
package import ViTCompiler

/// A random model of any family, small enough to be run by an interpreter.
package struct SmallModel {
  /// What the model looks like.
  package struct Form: Sendable, CustomStringConvertible {
    package var name: String
    package var width = 24
    package var heads = 3
    package var depth = 3
    package var grid = 4
    package var patch = 4
    /// The width of patches that are not square; the image then is none either.
    package var patchWidth: Int?
    /// Of the image.
    package var channels = 3
    package var classes = 5
    package var hidden = 48
    package var isDistilled = false
    package var isDeiT3 = false
    package var isLVViT = false
    /// Channels of LV-ViT's stem.
    package var stem = 10
    package var hasMultiScale = false
    package var hasClassToken = true
    /// Register tokens.
    package var registers = 0
    /// A norm before the blocks, and no bias of the patch embedding.
    package var hasPreNorm = false
    /// What the classifier reads, in timm's words; behind `avg` and `avgmax` there is a norm.
    package var pooling = "token"
    /// transformers' layer behind the class token; for a model of 0 classes.
    package var hasPooler = false

    /// A published model that says what tensors do not; its extents are those of the form.
    package var architecture: String?
    package var hasPositions = true
    /// Frequencies of rotary positions.
    package var hasFrequencies = false
    /// LayerNorm of every head's query and key.
    package var hasHeadNorm = false
    /// Gates and values in the FFN.
    package var isGated = false
    /// Tables of relative positions, one in each block and one of all.
    package var hasTables = false
    /// Networks that make tables of relative positions.
    package var hasNetworks = false
    /// RMSNorm for every norm, and one behind the patch embedding.
    package var hasRMSNorms = false
    /// Norms in front of both branches' last layers.
    package var hasInnerNorms = false

    package init(_ name: String) { self.name = name }

    package var description: String { name }
  }

  /// Every family, with heads that are no multiple of a vector and grids that are odd; one whose layers
  /// are multiplied in pairs where that is faster.
  package static let forms: [Form] = {
    var plain = Form("DeiT")
    plain.hasMultiScale = true
    var odd = Form("DeiT with an odd grid")
    (odd.grid, odd.width, odd.heads, odd.hidden) = (5, 36, 3, 70)
    var distilled = Form("distilled DeiT")
    distilled.isDistilled = true
    distilled.hasMultiScale = true
    var third = Form("DeiT-III")
    third.isDeiT3 = true
    var lvvit = Form("LV-ViT")
    lvvit.isLVViT = true
    (lvvit.patch, lvvit.width, lvvit.heads) = (8, 20, 2)
    var wide = lvvit
    (wide.name, wide.grid, wide.stem) = ("LV-ViT with a stem for Winograd's F(2 x 4, 3 x 3)", 7, 16)
    var panels = Form("DeiT of whole panels")
    (panels.grid, panels.width, panels.hidden, panels.hasMultiScale) = (6, 48, 96, true)
    return [plain, odd, distilled, third, lvvit, wide, panels]
  }()

  /// Those that pool, have register tokens or no class token, or a norm before the blocks.
  package static let pooled: [Form] = {
    var registers = Form("CLIP with registers")
    (registers.registers, registers.hasPreNorm) = (3, true)
    var average = Form("average pooling")
    (average.pooling, average.grid) = ("avg", 5)
    var both = Form("average and max pooling of patches alone")
    (both.pooling, both.hasClassToken) = ("avgmax", false)
    var attention = Form("attention pooling")
    (attention.pooling, attention.hasClassToken, attention.grid) = ("map", false, 5)
    var most = Form("max pooling behind registers")
    (most.pooling, most.hasClassToken, most.registers) = ("max", false, 2)
    return [registers, average, both, attention, most]
  }()

  /// Those that do something between a product and what reads it.
  package static let turned: [Form] = {
    var mixed = Form("mixed rotary positions, normalised heads and gates")
    (mixed.hasFrequencies, mixed.hasHeadNorm, mixed.isGated) = (true, true, true)
    (mixed.registers, mixed.hidden) = (2, 42)
    var axial = Form("axial rotary positions without a table")
    (axial.architecture, axial.hasPositions) = ("vit_small_patch16_rope_224", false)
    (axial.grid, axial.width, axial.hidden) = (5, 60, 96)
    var centered = Form("DINOv3's rotary positions, averaged")
    (centered.architecture, centered.hasPositions) = ("vit_small_plus_patch16_dinov3", false)
    (centered.pooling, centered.isGated, centered.hasInnerNorms) = ("avg", true, true)
    var tables = Form("tables of relative positions")
    (tables.hasTables, tables.hasPositions, tables.pooling) = (true, false, "avg")
    (tables.grid, tables.isDeiT3) = (5, true)
    var networks = Form("networks of relative positions")
    (networks.hasNetworks, networks.hasPositions, networks.hasClassToken) = (true, false, false)
    networks.pooling = "avg"
    var rms = Form("RMSNorm and gates")
    (rms.hasRMSNorms, rms.isGated, rms.hasClassToken, rms.pooling) = (true, true, false, "max")
    return [mixed, axial, centered, tables, networks, rms]
  }()

  /// Those of other images and other patches.
  package static let oblong: [Form] = {
    var flat = Form("DeiT of grey images in flat patches")
    (flat.patch, flat.patchWidth, flat.channels) = (2, 6, 1)
    var tall = Form("average pooling of four channels in tall patches")
    // Higher than the image is wide.
    (tall.patch, tall.patchWidth, tall.channels, tall.pooling) = (16, 3, 4, "avg")
    return [flat, tall]
  }()

  /// All of them.
  package static let all = forms + pooled + turned + oblong

  package let form: Form
  package let graph: Graph
  package let facts: ModelFacts

  /// Makes the model's checkpoint in `folder` and imports it.
  package init(_ form: Form, in folder: TemporaryFolder) throws {
    self.form = form
    var source = RandomSource(seed: 7)
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    for (name, shape) in Self.shapes(form).sorted(by: { $0.0 < $1.0 }) {
      tensors[name] = (shape, Self.values(name, shape, &source))
    }
    let path = try folder.write(SafeTensorsWriter.bytes(tensors), to: "model.safetensors")
    var options = ImportOptions()
    var arguments = [
      JSONMember("num_heads", .init(form.heads)), JSONMember("global_pool", .string(form.pooling)),
    ]
    // This one has its norm before pooling.
    if form.pooling == "max" { arguments.append(JSONMember("fc_norm", false)) }
    if let width = form.patchWidth {
      arguments.append(
        JSONMember("img_size", [.init(form.grid * form.patch), .init(form.grid * width)]))
    }
    if form.isLVViT { arguments.append(JSONMember("skip_lam", .init(2.0))) }
    // Nothing says it of CLIP, which has one or the other.
    if form.hasPreNorm { arguments.append(JSONMember("act_layer", "quick_gelu")) }
    // Networks fit any grid.
    if form.hasNetworks {
      arguments.append(JSONMember("img_size", .init(form.grid * form.patch)))
    }
    var members = [JSONMember("model_args", .object(arguments))]
    if let architecture = form.architecture {
      arguments += [
        JSONMember("img_size", .init(form.grid * form.patch)),
        JSONMember("use_fc_norm", .bool(form.pooling == "avg")),
      ]
      members = [
        JSONMember("architecture", .string(architecture)),
        JSONMember("model_args", .object(arguments)),
      ]
    }
    options.config = Checkpoint.Companion(path: "config.json", json: .object(members))
    let model = try ModelImporter.importModel(try Checkpoint.open(path), options: options)
    graph = model.graph
    facts = model.facts
  }

  /// Writes the model's plan.
  package func convert(to path: String, weights: PlanCompiler.WeightStorage = .float32) throws {
    try PlanCompiler.convert(
      graph, facts: facts, labels: Labels(), weights: weights, to: path, from: [])
  }

  /// A random batch, `[images, channels, height, width]`.
  package func input(images: Int) -> [Float] {
    var source = RandomSource(seed: 99)
    let (height, width) = (form.grid * form.patch, form.grid * (form.patchWidth ?? form.patch))
    return (0..<images * form.channels * height * width).map { _ in source.symmetric() * 2 }
  }

  private static func values(_ name: String, _ shape: [Int], _ source: inout RandomSource)
    -> [Float]
  {
    let count = shape.reduce(1, *)
    let inputs = shape.count > 1 ? shape.dropFirst().reduce(1, *) : 16
    let spread = 1.7 / Float(inputs).squareRoot()
    let isScale = name.hasSuffix("weight") && (name.contains("norm") || name.contains("bn"))
    return (0..<count).map { _ in
      let value = source.symmetric()
      if name.hasSuffix("running_var") { return 1 + value / 2 }
      return isScale ? 1 + value / 3 : value * spread
    }
  }

  private static func shapes(_ form: Form) -> [String: [Int]] {
    let (width, classes) = (form.width, form.classes)
    let prefix = (form.hasClassToken ? 1 : 0) + (form.isDistilled ? 1 : 0) + form.registers
    let positions = form.grid * form.grid + (form.isDeiT3 ? 0 : prefix)
    var shapes: [String: [Int]] = [
      "patch_embed.proj.weight": [
        width, form.channels, form.patch, form.patchWidth ?? form.patch,
      ]
    ]
    if form.hasPositions { shapes["pos_embed"] = [1, positions, width] }
    let distances = (2 * form.grid - 1) * (2 * form.grid - 1)
    if form.hasTables {
      shapes["rel_pos_bias.relative_position_bias_table"] = [distances + 3 * prefix, form.heads]
    }
    if form.hasFrequencies {
      shapes["rope.freqs"] = [2, form.depth, form.heads, width / form.heads / 2]
    }
    if form.hasClassToken { shapes["cls_token"] = [1, 1, width] }
    if form.registers > 0 { shapes["reg_token"] = [1, form.registers, width] }
    if !form.hasPreNorm { shapes["patch_embed.proj.bias"] = [width] }
    var norms = [["avg", "avgmax"].contains(form.pooling) ? "fc_norm" : "norm"]
    if form.hasPreNorm { norms.append("norm_pre") }
    if form.pooling == "map" {
      norms.append("attn_pool.norm")
      shapes["attn_pool.latent"] = [1, 1, width]
      for (layer, outputs, inputs) in [
        ("q", width, width), ("kv", 2 * width, width), ("proj", width, width),
        ("mlp.fc1", form.hidden, width), ("mlp.fc2", width, form.hidden),
      ] {
        shapes["attn_pool.\(layer).weight"] = [outputs, inputs]
        shapes["attn_pool.\(layer).bias"] = [outputs]
      }
    }
    for norm in norms {
      shapes["\(norm).weight"] = [width]
      shapes["\(norm).bias"] = [width]
    }
    if classes > 0 {
      shapes["head.weight"] = [classes, width]
      shapes["head.bias"] = [classes]
    }
    if form.hasPooler {
      shapes["pooler.dense.weight"] = [width, width]
      shapes["pooler.dense.bias"] = [width]
    }
    if form.isDistilled {
      shapes["dist_token"] = [1, 1, width]
      shapes["head_dist.weight"] = [classes, width]
      shapes["head_dist.bias"] = [classes]
    }
    if form.isLVViT {
      let stem = form.stem
      shapes["patch_embed.conv1.weight"] = [stem, 3, 7, 7]
      shapes["patch_embed.conv2.weight"] = [stem, stem, 3, 3]
      shapes["patch_embed.conv3.weight"] = [stem, stem, 3, 3]
      shapes["patch_embed.proj.weight"] = [width, stem, form.patch / 2, form.patch / 2]
      shapes["aux_head.weight"] = [classes, width]
      shapes["aux_head.bias"] = [classes]
      for index in 1...3 {
        for part in ["weight", "bias", "running_mean", "running_var"] {
          shapes["patch_embed.bn\(index).\(part)"] = [stem]
        }
      }
    }
    let first = (form.isGated ? 2 : 1) * form.hidden
    for block in 0..<form.depth {
      let name = "blocks.\(block)"
      if form.hasTables {
        shapes["\(name).attn.relative_position_bias_table"] = [
          distances + 3 * prefix, form.heads,
        ]
      }
      for (part, shape) in form.hasNetworks
        ? [
          ("fc1.weight", [9, 2]), ("fc1.bias", [9]), ("fc2.weight", [form.heads, 9]),
          ("fc2.bias", [form.heads]),
        ] : []
      {
        shapes["\(name).attn.rel_pos.mlp.\(part)"] = shape
      }
      for part in form.hasHeadNorm ? ["attn.q_norm", "attn.k_norm"] : [] {
        shapes["\(name).\(part).weight"] = [width / form.heads]
        shapes["\(name).\(part).bias"] = [width / form.heads]
      }
      for (part, size) in form.hasInnerNorms
        ? [("attn.norm", width), ("mlp.norm", form.hidden)] : []
      {
        shapes["\(name).\(part).weight"] = [size]
        shapes["\(name).\(part).bias"] = [size]
      }
      for (part, shape) in [
        "norm1.weight": [width], "norm1.bias": [width], "attn.qkv.weight": [3 * width, width],
        "attn.proj.weight": [width, width], "attn.proj.bias": [width], "norm2.weight": [width],
        "norm2.bias": [width], "mlp.fc1.weight": [first, width],
        "mlp.fc1.bias": [first], "mlp.fc2.weight": [width, form.hidden],
        "mlp.fc2.bias": [width],
      ] {
        shapes["\(name).\(part)"] = shape
      }
      if !form.isLVViT { shapes["\(name).attn.qkv.bias"] = [3 * width] }
      if form.isDeiT3 {
        shapes["\(name).ls1.gamma"] = [width]
        shapes["\(name).ls2.gamma"] = [width]
      }
    }
    if form.hasMultiScale {
      let low = form.grid / 2 * (form.grid / 2)
      for (part, shape) in [
        "cls_token": [1, 1, width], "pos_embed": [1, 1 + low, width],
        "lka.conv0.weight": [width, 1, 5, 5], "lka.conv0.bias": [width],
        "lka.conv_spatial.weight": [width, 1, 7, 7], "lka.conv_spatial.bias": [width],
        "lka.conv1.weight": [width, width, 1, 1], "lka.conv1.bias": [width],
        "peg.weight": [width, 1, 3, 3], "peg.bias": [width],
      ] {
        shapes["multiscale.\(part)"] = shape
      }
    }
    if form.hasRMSNorms {
      shapes["patch_embed.norm.bias"] = [width]
      for name in shapes.keys.sorted() where name.contains("norm") && name.hasSuffix(".bias") {
        shapes["\(name.dropLast("bias".count))weight"] = shapes.removeValue(forKey: name)
      }
    }
    return shapes
  }
}
