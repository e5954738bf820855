import Checkpoints
import Families
import JSON
import Tensors
import TestSupport

/// JSON beside a checkpoint, taken for each of the files that may lie there: parsed, printed and
/// parsed again, and used to import checkpoints.
struct ConfigTarget: Target {
  private static let preprocessor = """
    {"do_center_crop": true, "crop_size": {"height": 8, "width": 8}, "size": {"shortest_edge": 9},
     "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 3}
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
      ].map { try Files.fixture($0) } + [Array(Self.preprocessor.utf8), Array(shards.utf8)]
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
      _ = try ModelImporter.importModel(try Checkpoint.open(model), options: ImportOptions())
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
        _ = try Self.isAccepted { _ = try ModelImporter.importModel(checkpoint, options: options) }
      }
    }
    return isIndex || isPreprocessor || isConfig
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
