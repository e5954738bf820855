import Checkpoints
import Families
import JSON
import ModelFacts
import ModelGraph
import Tensors
import TestSupport
import Testing

/// Folders that a library wrote, and what somebody did to them afterwards.
@Suite struct ChangedFolderTests {
  /// The files of a case, with a changed configuration and others beside.
  private static func imported(
    _ name: String, beside others: [String: JSONValue] = [:], without: [String] = [],
    _ change: (JSONValue) -> JSONValue = { $0 }
  ) throws -> ImportedModel {
    let item = try #require(ImportFixtures.cases.first { $0.name == name })
    let folder = try TemporaryFolder()
    for file in try #require(try item.value("files").members) where !without.contains(file.name) {
      let path = "\(ImportFixtures.folder)/\(try #require(file.value.string))"
      var bytes = try MappedFile(path: path).withBytes { Array($0) }
      if file.name == "config.json" {
        bytes = Array(change(try Checkpoint.Companion(readingFrom: path).json).text().utf8)
      }
      _ = try folder.write(bytes, to: file.name)
    }
    for (name, json) in others { _ = try folder.write(Array(json.text().utf8), to: name) }
    return try ModelImporter.importModel(
      try Checkpoint.open(folder.path), options: ImportOptions())
  }

  private static let silent = [
    ("hf_features_dinov3", "num_hidden_layers"), ("hf_features_aimv2", "num_hidden_layers"),
    ("hf_beit", "use_relative_position_bias"), ("hf_data2vec", "num_hidden_layers"),
    ("hf_beit_shared", "use_shared_relative_position_bias"),
    ("hf_beit_positions", "use_absolute_position_embeddings"),
  ]

  /// transformers would leave those tensors out that its default does not ask for.
  @Test(arguments: silent)
  func whatAClassTakesBySilenceIsCompared(name: String, key: String) throws {
    _ = try Self.imported(name)
    let error = #expect(throws: InputError.self) {
      try Self.imported(name) { $0.removing(key) }
    }
    #expect(
      error?.field == key && error?.kind == .contradiction, "\(name): \(String(describing: error))")
  }

  /// Of 2 x 2 positions, as the fixtures have them, transformers' ViT makes 4 x 1, and its BEiT and DINOv2 do not.
  @Test(arguments: ["hf_beit_positions", "hf_features_dinov2", "hf_features_dinov2_registers"])
  func positionsOfASquareAreNotThoseOfAStrip(name: String) throws {
    let error = #expect(throws: InputError.self) {
      try Self.imported(name, without: ["preprocessor_config.json"]) { config in
        let side = config["image_size"]?.integer ?? 0
        return config.setting("image_size", [.init(2 * side), .init(side / 2)])
      }
    }
    #expect(
      error?.field == "image_size" && error?.kind == .unsupported, "\(String(describing: error))")
  }

  /// It would read the first patch, where the features are the mean of all.
  @Test func aPoolerWithoutAClassTokenIsRefused() throws {
    let item = try #require(ImportFixtures.cases.first { $0.name == "hf_features_ijepa" })
    let place = try #require(try item.value("files")["model.safetensors"]?.string)
    let file = try Checkpoint.open(MappedFile(path: "\(ImportFixtures.folder)/\(place)"))
    var tensors = file.tensors.mapValues { (shape: $0.shape.extents, values: $0.float32Values()) }
    let width = try #require(tensors["layernorm.weight"]?.shape.first)
    tensors["pooler.dense.weight"] = ([width, width], [Float](repeating: 0, count: width * width))
    tensors["pooler.dense.bias"] = ([width], [Float](repeating: 0, count: width))
    let folder = try TemporaryFolder()
    _ = try folder.write(SafeTensorsWriter.bytes(tensors), to: "model.safetensors")
    let config = try MappedFile(
      path:
        "\(ImportFixtures.folder)/\(try #require(try item.value("files")["config.json"]?.string))")
    _ = try folder.write(config.withBytes { Array($0) }, to: "config.json")
    let error = #expect(throws: InputError.self) {
      try ModelImporter.importModel(try Checkpoint.open(folder.path), options: ImportOptions())
    }
    #expect(error?.field == "pooler", "\(String(describing: error))")
  }

  @Test func anAdapterBesideTheWeightsIsRefused() throws {
    let error = #expect(throws: InputError.self) {
      try Self.imported("hf_processor_vit", beside: ["adapter_config.json": ["peft_type": "LORA"]])
    }
    #expect(error?.kind == .unsupported && error?.expected.contains("merge_and_unload") == true)
    #expect(error?.file?.hasSuffix("adapter_config.json") == true)
  }

  /// transformers looks there first; a file that speaks of texts alone says nothing.
  @Test func theProcessorOfImagesAndTextsGoesFirst() throws {
    let own: JSONValue = [
      "image_processor_type": "CLIPImageProcessor", "size": ["shortest_edge": 20],
      "crop_size": ["height": 16, "width": 16], "image_mean": ["0.1", "0.2", "0.3"].numbers,
    ]
    for without in [[], ["preprocessor_config.json"]] {
      let both = try Self.imported(
        "hf_processor_vit",
        beside: [
          "processor_config.json": ["processor_class": "CLIPProcessor", "image_processor": own]
        ], without: without)
      #expect(both.facts.preprocess.mean == [0.1, 0.2, 0.3])
      #expect(both.facts.preprocess.resizeHeight == 20 && both.facts.preprocess.crop != .none)
    }
    let texts = try Self.imported(
      "hf_processor_vit", beside: ["processor_config.json": ["processor_class": "CLIPProcessor"]])
    #expect(texts.facts.preprocess.mean == [0.5, 0.5, 0.5])
  }

  /// Numbers are resized, not samples: what goes beyond them is not cut off.
  @Test func whatDINOv3sProcessorDoesToNumbersIsRefused() throws {
    func refusal(_ change: JSONValue) -> String? {
      let processor: JSONValue = [
        "image_processor_type": "DINOv3ViTImageProcessor", "size": ["height": 16, "width": 16],
      ]
      let members = (processor.members ?? []) + (change.members ?? [])
      let error = #expect(throws: InputError.self) {
        try Self.imported(
          "hf_processor_vit", beside: ["preprocessor_config.json": .object(members)],
          without: ["preprocessor_config.json"])
      }
      #expect(error?.kind == .unsupported)
      return error?.field
    }
    #expect(refusal(["resample": 3]) == "resample" && refusal(["resample": 1]) == "resample")
    #expect(
      refusal([
        "do_resize": false, "do_center_crop": true, "crop_size": ["height": 16, "width": 16],
      ]) == "do_center_crop")
  }

  /// AIMv2 has no LayerNorm, and transformers does not look for the epsilon of one.
  @Test func anEpsilonOfNoNormChangesNothing() throws {
    let model = try Self.imported("hf_features_aimv2") {
      $0.setting("layer_norm_eps", .number("0.5"))
    }
    #expect(model.facts.provenance.first { $0.key == "epsilon" }?.value == "1e-05")
  }
}
