import Checkpoints
import Families
import JSON
import ModelFacts
import ModelGraph
import Tensors
import Testing

/// Every key of every configuration is used, known to change nothing, or an error.
@Suite struct ClosedWorldTests {
  /// A model of two blocks whose configuration says everything.
  private static let arguments: JSONValue = [
    "embed_dim": 64, "depth": 2, "num_heads": 4, "img_size": 224, "act_layer": "gelu",
  ]
  private static let pretrained: JSONValue = [
    "input_size": [3, 224, 224], "mean": ["0.5", "0.5", "0.5"].numbers, "crop_pct": .number("0.9"),
  ]
  private static let timm: JSONValue = [
    "architecture": "vit_tiny_patch16_224", "num_classes": 1000, "model_args": arguments,
    "pretrained_cfg": pretrained,
  ]
  private static let transformers: JSONValue = [
    "model_type": "vit", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 256, "image_size": 224,
  ]
  private static let processor: JSONValue = [
    "image_processor_type": "CLIPImageProcessor", "size": ["shortest_edge": 256],
    "crop_size": ["height": 224, "width": 224],
  ]

  // MARK: - What is read decides something

  /// For each key that is read, a value that the model contradicts or that makes another model of it.
  private static let argumentValues: [String: JSONValue] = [
    "img_size": 32, "image_size": 32, "patch_size": 8, "in_chans": 1, "num_classes": 7,
    "global_pool": "avg", "embed_dim": 65, "depth": 3, "num_heads": 8, "num_attention_heads": 8,
    "mlp_ratio": 3, "qkv_bias": false, "init_values": .number("1e-5"), "no_embed_class": true,
    "act_layer": "relu", "norm_eps": .number("1e-3"), "layer_norm_eps": .number("1e-3"),
    "skip_lam": 2, "dynamic_img_pad": "yes", "dynamic_img_size": "yes", "class_token": false,
    "reg_tokens": 4, "pool_include_prefix": true, "pre_norm": true, "final_norm": false,
    "fc_norm": true, "qk_norm": true, "scale_attn_norm": true, "scale_mlp_norm": true,
    "proj_bias": false, "use_rot_pos_emb": true, "use_abs_pos_emb": false, "rope_type": "cat",
    "rope_temperature": 100, "rope_grid_offset": 1, "rope_grid_indexing": "xy",
    "rope_rotate_half": true, "ref_feat_shape": [16, 16], "num_reg_tokens": 4, "swiglu_mlp": true,
    "swiglu_align_to": 8, "scale_mlp": true, "scale_attn_inner": true, "use_post_norm": true,
    "use_pre_transformer_norm": true, "use_post_transformer_norm": false, "use_fc_norm": true,
    "attn_pool_num_heads": 8, "use_rel_pos_bias": true, "use_shared_rel_pos_bias": true,
    "shared_rel_pos": true, "rel_pos_dim": 128, "rel_pos_type": "mlp",
  ]
  private static let topValues: [String: JSONValue] = [
    "architecture": "vit_mystery", "model_args": 3, "pretrained_cfg": 3, "num_classes": 7,
    "num_features": 65, "global_pool": "avg", "label_names": ["one"], "model_type": "swin",
    "labels": ["one"], "token_reduction": 3,
  ]
  private static let pretrainedValues: [String: JSONValue] = [
    "input_size": [3, 32, 32], "interpolation": "nearest", "crop_pct": .number("0.8"),
    "crop_mode": "squash", "mean": ["0.1", "0.1", "0.1"].numbers,
    "std": ["0.1", "0.1", "0.1"].numbers, "label_names": ["one"], "architecture": "vit_mystery",
    "fixed_input_size": "yes",
  ]
  private static let transformersValues: [String: JSONValue] = [
    "hidden_size": 65, "num_hidden_layers": 3, "num_attention_heads": 8, "intermediate_size": 255,
    "hidden_act": "relu", "layer_norm_eps": .number("1e-3"), "image_size": 32, "patch_size": 8,
    "num_channels": 1, "qkv_bias": false,
  ]
  /// Of a model without a classifier.
  private static let poolerValues: [String: JSONValue] = [
    "pooler_act": "relu", "pooler_output_size": 65,
  ]
  private static let pooled = transformers.setting("architectures", ["ViTModel"])
  private static let baseValues: [String: JSONValue] = [
    "architectures": ["SwinModel"], "model_type": "swin", "id2label": ["0": "one"], "num_labels": 7,
    "_num_labels": 7,
  ]
  private static let processorValues: [String: JSONValue] = [
    "image_processor_type": "BitImageProcessorMystery", "do_resize": false,
    "feature_extractor_type": "MysteryFeatureExtractor",
    "size": ["shortest_edge": 240], "default_to_square": true, "resample": 0,
    "do_center_crop": false, "crop_size": 192, "do_rescale": false,
    "rescale_factor": .number("0.5"), "do_normalize": false,
    "image_mean": ["0.1", "0.1", "0.1"].numbers, "image_std": ["0.1", "0.1", "0.1"].numbers,
    "do_convert_rgb": false, "crop_pct": .number("0.5"),
  ]

  @Test func everyArgumentThatIsReadDecides() throws {
    try expect(TimmKeys.arguments, Self.argumentValues) { key, value in
      var arguments = Self.arguments
      // Of a class token alone there is nothing to pool.
      if key == "pool_include_prefix" {
        arguments = arguments.setting("global_pool", "avg").setting("fc_norm", false)
      }
      return Self.timm.setting("model_args", arguments.setting(key, value))
    }
  }

  @Test func everyKeyOfTimmsConfigThatIsReadDecides() throws {
    try expect(TimmKeys.top, Self.topValues) { key, value in
      // The arguments go first: without them the top level speaks.
      let loose = Self.timm.setting("model_args", ["num_heads": 4, "embed_dim": 64, "depth": 2])
      return loose.setting(key, value)
    }
  }

  @Test func everyKeyOfPretrainedWeightsThatIsReadDecides() throws {
    try expect(TimmKeys.pretrained, Self.pretrainedValues) { key, value in
      var changed = Self.timm.setting("pretrained_cfg", Self.pretrained.setting(key, value))
      // An argument stands in for an older export's input size.
      if key == "input_size" {
        changed = changed.setting("model_args", Self.arguments.removing("img_size"))
      }
      return key == "architecture" && value != nil ? changed.removing("architecture") : changed
    }
  }

  @Test func everyKeyOfTransformersThatIsReadDecides() throws {
    try expect(TransformersKeys.vit, Self.transformersValues.merging(Self.poolerValues) { $1 }) {
      let isPooler = Self.poolerValues[$0] != nil
      return (isPooler ? Self.pooled : Self.transformers).setting($0, $1)
    }
    try expect(TransformersKeys.base, Self.baseValues) { Self.transformers.setting($0, $1) }
  }

  @Test func everyKeyOfAProcessorThatIsReadDecides() throws {
    let own = try Self.imported(Self.transformers, Self.processor)
    #expect(Self.read(ProcessorKeys.all) == Set(Self.processorValues.keys))
    for (key, value) in Self.processorValues {
      var base = Self.processor
      // Each of these speaks where another is silent.
      if key == "feature_extractor_type" { base = base.removing("image_processor_type") }
      if key == "default_to_square" { base = base.setting("size", 256) }
      let before = key == "default_to_square" ? try Self.imported(Self.transformers, base) : own
      if key == "crop_pct" {
        base = ["image_processor_type": "ConvNextImageProcessor", "size": ["shortest_edge": 224]]
      }
      let reference = key == "crop_pct" ? try Self.imported(Self.transformers, base) : before
      let changed = try? Self.imported(Self.transformers, base.setting(key, value))
      #expect(changed?.preprocess != reference.preprocess, "\(key)")
    }
  }

  /// Imports with each of the values; all keys that are read must have one, and none may come to nothing.
  private func expect(
    _ table: KeyTable, _ values: [String: JSONValue], _ config: (String, JSONValue?) -> JSONValue
  ) throws {
    #expect(Self.read(table) == Set(values.keys))
    for (key, value) in values {
      let own = try Self.imported(config(key, nil))
      let other = try? Self.imported(config(key, value))
      #expect(other != own, "\(key) changes nothing")
    }
  }

  private static func read(_ table: KeyTable) -> Set<String> {
    Set(
      table.rules.filter { if case .read = $0.value { true } else { false } }.keys)
  }

  // MARK: - What is not built, or not known, is an error

  @Test func valuesThatAreNotBuiltAreErrorsThatNameKeyAndNeed() throws {
    for (table, place) in [
      (TimmKeys.arguments, "model_args"), (TimmKeys.pretrained, "pretrained_cfg"),
    ] {
      for (key, rule) in table.rules {
        guard case .only(_, let need) = rule else { continue }
        let inner = place == "model_args" ? Self.arguments : Self.pretrained
        let config = Self.timm.setting(place, inner.setting(key, "another"))
        let error = #expect(throws: InputError.self) { try Self.imported(config) }
        #expect(error?.field == "\(place).\(key)")
        #expect(error?.found.contains(need) == true, "\(key)")
        guard place == "pretrained_cfg" else { continue }
        _ = try Self.imported(Self.timm.setting(place, inner.setting(key, .null)))
      }
    }
    for (key, rule) in TransformersKeys.base.rules {
      guard case .only(_, let need) = rule else { continue }
      let error = #expect(throws: InputError.self) {
        try Self.imported(Self.transformers.setting(key, "another"))
      }
      #expect(error?.field == key && error?.found.contains(need) == true, "\(key)")
    }
    for (key, rule) in ProcessorKeys.all.rules {
      guard case .only(_, let need) = rule else { continue }
      let error = #expect(throws: InputError.self) {
        try Self.imported(Self.transformers, Self.processor.setting(key, "another"))
      }
      #expect(error?.field == key && error?.found.contains(need) == true, "\(key)")
    }
  }

  /// timm hands it on, and what its constructor then takes is not what the architecture says.
  @Test func aNullArgumentIsAnError() throws {
    for (key, rule) in TimmKeys.arguments.rules {
      let config = Self.timm.setting("model_args", Self.arguments.setting(key, .null))
      if case .noEffect = rule {
        _ = try Self.imported(config)
      } else if key != "init_values" {
        let error = #expect(throws: InputError.self) { try Self.imported(config) }
        #expect(error?.field == "model_args.\(key)" && error?.found.contains("null") == true)
      }
    }
  }

  /// Python rounds 255 times 0.3, which is a half, to the even 76; the float nearest to 0.3 is above it.
  @Test func aBorderHasTheColourOfTheMeanAsItIsWritten() throws {
    for (mean, colour) in [("0.3", 76), ("0.9", 230), ("0.5", 128), ("0.485", 124)] {
      let weights = Self.pretrained.setting("crop_mode", "border")
        .setting("mean", [mean, mean, mean].numbers)
      let outcome = try Self.imported(Self.timm.setting("pretrained_cfg", weights))
      #expect(outcome.preprocess.fill == [colour, colour, colour], "\(mean)")
    }
  }

  @Test func aPatchThatTheArchitectureDoesNotHaveIsSaid() throws {
    func assumed(_ config: JSONValue) throws -> Bool {
      var options = ImportOptions()
      options.config = Checkpoint.Companion(path: "config.json", json: config)
      let model = try ModelImporter.importModel(
        Form.tensors(Form(width: 64, depth: 2).shapes), options: options)
      return model.assumptions.contains { $0.key == "patch_size" }
    }
    let other = Self.timm.setting("architecture", "vit_small_patch32_224")
    let said = other.setting("model_args", Self.arguments.setting("patch_size", 16))
    #expect(try assumed(other) && !assumed(said) && !assumed(Self.timm))
  }

  @Test func keysThatNoTableListsAreErrors() {
    for config in [
      Self.timm.setting("mystery", 1),
      Self.timm.setting("model_args", Self.arguments.setting("mystery", 1)),
      Self.timm.setting("pretrained_cfg", Self.pretrained.setting("mystery", 1)),
      Self.transformers.setting("mystery", 1),
      // A key of timm's says nothing in a configuration of transformers'.
      Self.transformers.setting("act_layer", "relu"),
    ] {
      let error = #expect(throws: InputError.self) { try Self.imported(config) }
      #expect(error?.expected.contains("a key whose meaning is known") == true)
    }
    let error = #expect(throws: InputError.self) {
      try Self.imported(Self.transformers, Self.processor.setting("mystery", 1))
    }
    #expect(error?.field == "mystery")
  }

  @Test func keysThatStandTwiceAreErrors() {
    let twice = JSONValue.object(
      (Self.timm.members ?? []) + [JSONMember("num_classes", 1000)])
    let error = #expect(throws: InputError.self) { try Self.imported(twice) }
    #expect(error?.field == "num_classes" && error?.found == "it twice")
  }

  @Test func keysWithoutEffectHaveAReasonAndNone() throws {
    for table in [
      TimmKeys.top, TimmKeys.arguments, TimmKeys.pretrained, TransformersKeys.vit,
      TransformersKeys.base, TransformersKeys.wrapper, TransformersKeys.mae,
      TransformersKeys.dinov2, TransformersKeys.tower, TransformersKeys.towers, ProcessorKeys.all,
    ] {
      for (key, rule) in table.rules {
        if case .noEffect(let reason) = rule { #expect(!reason.isEmpty, "\(key)") }
        if case .only(_, let need) = rule { #expect(!need.isEmpty, "\(key)") }
      }
    }
    let own = try Self.imported(Self.timm)
    for (key, rule) in TimmKeys.arguments.rules {
      guard case .noEffect = rule else { continue }
      let config = Self.timm.setting("model_args", Self.arguments.setting(key, "anything"))
      #expect(try Self.imported(config) == own, "\(key)")
    }
  }

  @Test func labelsThatNobodyGaveAreNone() throws {
    func labels(_ name: (Int) -> String) throws -> [String] {
      let names = JSONValue.object(
        (0..<1000).map { JSONMember("\($0)", .string(name($0))) })
      return try Self.imported(Self.transformers.setting("id2label", names)).labels
    }
    #expect(try labels { "LABEL_\($0)" }.isEmpty)
    #expect(try labels { $0 == 999 ? "mouse" : "LABEL_\($0)" }.count == 1000)
  }

  // MARK: - Importing

  /// What an import decides, but for the words of its provenance.
  private struct Outcome: Equatable {
    var graph: String
    var heads: Int
    var epsilons: [Float]
    var image: [Int]
    var preprocess: PreprocessFacts
    var labels: [String]
  }

  private static func imported(_ config: JSONValue, _ processor: JSONValue? = nil) throws -> Outcome
  {
    var options = ImportOptions()
    options.config = Checkpoint.Companion(path: "config.json", json: config)
    options.preprocessor = processor.map {
      Checkpoint.Companion(path: "preprocessor_config.json", json: $0)
    }
    var shapes = Form(width: 64, depth: 2).shapes
    if config["architectures"] == Self.pooled["architectures"] {
      (shapes["pooler.dense.weight"], shapes["pooler.dense.bias"]) = ([64, 64], [64])
      (shapes["head.weight"], shapes["head.bias"]) = (nil, nil)
    }
    let model = try ModelImporter.importModel(Form.tensors(shapes), options: options)
    let epsilons = model.graph.nodes.compactMap { node in
      if case .layerNorm(let norm) = node.op { norm.epsilon } else { nil }
    }
    let facts = model.facts
    return Outcome(
      graph: model.graph.description, heads: facts.heads, epsilons: epsilons,
      image: [facts.imageHeight, facts.imageWidth], preprocess: facts.preprocess,
      labels: model.labels)
  }
}

extension JSONValue {
  /// The object with one member more or another value for it.
  func setting(_ name: String, _ value: JSONValue?) -> JSONValue {
    guard let value else { return self }
    return .object((removing(name).members ?? []) + [JSONMember(name, value)])
  }

  func removing(_ name: String) -> JSONValue {
    .object((members ?? []).filter { $0.name != name })
  }
}

extension [String] {
  var numbers: JSONValue { .array(map { .number($0) }) }
}
