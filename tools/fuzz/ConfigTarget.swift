import Checkpoints
import Families
import JSON
import Tensors
import TestSupport

/// A model's configuration: parsed, printed and parsed again, and used to import a checkpoint.
struct ConfigTarget: Target {
  let corpus: [[UInt8]]
  let checkpoints: [Checkpoint]

  init(in folder: TemporaryFolder) throws {
    corpus = try [
      "variants/deit/config.json", "variants/lvvit/config.json",
      "variants/hugging_face/config.json", "variants/hugging_face_5/config.json", "deit.json",
    ].map { try Files.fixture($0) }
    checkpoints = try ["deit", "lvvit", "hugging_face"].map {
      let bytes = try Files.fixture("variants/\($0)/model.safetensors")
      return try Checkpoint.open(try folder.write(bytes, to: "\($0).bin"))
    }
  }

  func mutate(_ input: inout [UInt8], _ source: inout RandomSource) {
    JSONMutator.mutate(&input, &source)
  }

  func check(_ input: [UInt8]) throws -> Bool {
    do {
      let json = try input.withUnsafeBytes { try JSONParser.parse($0, file: "config.json") }
      let again = try Array(json.text().utf8).withUnsafeBytes {
        try JSONParser.parse($0, file: "printed")
      }
      guard again == json else { throw Finding(text: "JSON that reads back as something else") }
      var options = ImportOptions()
      options.config = Checkpoint.Companion(path: "config.json", json: json)
      for checkpoint in checkpoints {
        do {
          _ = try ModelImporter.importModel(checkpoint, options: options)
        } catch let error as InputError {
          try ErrorLine.check(error)
        }
      }
      return true
    } catch let error as InputError {
      try ErrorLine.check(error)
      return false
    }
  }
}
