import Checkpoints
import Families
import JSON
import ModelFacts
import PlanFormat
import Tensors
import TestSupport

/// JSON beside a checkpoint, taken for each of the files that may lie there: parsed, printed and
/// parsed again, and used to import checkpoints.
struct ConfigTarget: Target {
  /// transformers' image processors, in every form that their keys have.
  private static let preprocessors = [
    """
    {"do_center_crop": true, "crop_size": {"height": 16, "width": 16}, "size": {"shortest_edge": 18},
     "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 3}
    """,
    """
    {"image_processor_type": "ViTImageProcessorFast", "size": {"height": 16, "width": 16},
     "do_resize": true, "resample": 2, "do_rescale": true, "rescale_factor": 0.00392156862745098,
     "do_normalize": true, "image_mean": 0.5, "image_std": 0.5, "do_convert_rgb": null}
    """,
    """
    {"feature_extractor_type": "DeiTFeatureExtractor", "size": 18, "crop_size": 16, "resample": 0,
     "do_normalize": false, "do_rescale": false}
    """,
    """
    {"image_processor_type": "ConvNextImageProcessorPil", "size": {"shortest_edge": 16},
     "crop_pct": 0.875, "do_resize": true, "default_to_square": false, "do_convert_rgb": true}
    """,
    """
    {"image_processor_type": "BeitImageProcessor", "do_resize": false, "do_center_crop": true,
     "crop_size": [16, 16], "do_reduce_labels": false, "_valid_processor_keys": ["images"]}
    """,
  ]

  /// timm's configuration with all that the importer reads of it.
  private static let timm = """
    {"architecture": "deit_tiny_patch16_224", "num_classes": 5, "num_features": 8,
     "global_pool": "token", "label_names": ["a", "b", "c", "d", "e"],
     "model_args": {"img_size": [16, 16], "patch_size": 4, "in_chans": 3, "embed_dim": 8, "depth": 2,
      "num_heads": 2, "mlp_ratio": 4, "qkv_bias": true, "init_values": null, "no_embed_class": false,
      "act_layer": "quick_gelu", "norm_layer": "layernorm", "global_pool": "token",
      "dynamic_img_pad": false, "reg_tokens": 0, "class_token": true, "qk_norm": false,
      "drop_rate": 0.1, "pos_embed": "learn"},
     "pretrained_cfg": {"input_size": [3, 16, 16], "interpolation": "lanczos", "crop_pct": 1.15,
      "crop_mode": "border", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "num_classes": 5,
      "test_input_size": [3, 32, 32], "label_offset": 0, "tag": "a", "first_conv": "b"},
     "token_reduction": {"method": "evit", "blocks": [0, 1], "keep_rate": 0.5, "fuse": true}}
    """

  let corpus: [[UInt8]]
  private let checkpoints: [Checkpoint]

  /// Where the JSON lies beside a sound model of Hugging Face's, and as an index of shards.
  private let beside: String
  private let index: String
  private let model: String

  init(in folder: TemporaryFolder) throws {
    let opened = try ["deit", "lvvit", "hugging_face"].map {
      let bytes = try Files.fixture("variants/\($0)/model.safetensors")
      return try Checkpoint.open(try folder.write(bytes, to: "\($0).bin"))
    }
    let names = opened[0].tensors.keys.sorted().map { "\"\($0)\": \"deit.bin\"" }
    let shards = "{\"weight_map\": {\(names.joined(separator: ", "))}}"
    corpus =
      try [
        "variants/deit/config.json", "variants/lvvit/config.json",
        "variants/hugging_face/config.json", "variants/hugging_face_5/config.json", "deit.json",
      ].map { try Files.fixture($0) }
      + (Self.preprocessors + [Self.timm, shards]).map { Array($0.utf8) }
    checkpoints = opened
    _ = try folder.write(try Files.fixture("variants/hugging_face/config.json"), to: "config.json")
    beside = folder.file("preprocessor_config.json")
    index = folder.file("index.json")
    model = folder.file("hugging_face.bin")
  }

  func mutate(_ input: inout [UInt8], _ source: inout RandomSource) {
    JSONMutator.mutate(&input, &source)
  }

  func check(_ input: [UInt8]) throws -> Bool {
    try Files.write(input, to: index)
    try Files.write(input, to: beside)
    let isIndex = try Self.isAccepted { _ = try Checkpoint.open(index) }
    let isPreprocessor = try Self.isAccepted {
      try Self.importAndCheck(try Checkpoint.open(model), ImportOptions())
    }
    let isConfig = try Self.isAccepted {
      let json = try input.withUnsafeBytes { try JSONParser.parse($0, file: "config.json") }
      let again = try Array(json.text().utf8).withUnsafeBytes {
        try JSONParser.parse($0, file: "printed")
      }
      guard again == json else { throw Finding(text: "JSON that reads back as something else") }
      var options = ImportOptions()
      options.config = Checkpoint.Companion(path: "config.json", json: json)
      for checkpoint in checkpoints {
        _ = try Self.isAccepted { try Self.importAndCheck(checkpoint, options) }
      }
    }
    return isIndex || isPreprocessor || isConfig
  }

  /// What is imported must be what a plan may say.
  private static func importAndCheck(_ checkpoint: Checkpoint, _ options: ImportOptions) throws {
    let model = try ModelImporter.importModel(checkpoint, options: options)
    do {
      try model.facts.preprocess.verify(file: "plan")
    } catch let error as InputError {
      throw Finding(text: "preprocessing that no plan may have: \(error)")
    }
  }

  private static func isAccepted(_ body: () throws -> Void) throws -> Bool {
    do {
      try body()
      return true
    } catch let error as InputError {
      try ErrorLine.check(error)
      return false
    }
  }
}
