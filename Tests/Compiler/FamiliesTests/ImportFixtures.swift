import Checkpoints
import Families
import JSON
import ModelFacts
import Tensors
import TestSupport
import Testing

/// The files of `Tests/Fixtures/imports`, which `tools/reference/import_fixtures.py` writes.
enum ImportFixtures {
  /// A checkpoint with its configurations and what is said of it.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let json: JSONValue
    var testDescription: String { name }

    /// A value that every case has.
    func value(_ key: String) throws -> JSONValue {
      try #require(json[key], "\(name): \(key)")
    }

    func integers(_ key: String) throws -> [Int] {
      try #require(try value(key).elements).compactMap(\.integer)
    }

    func words(_ key: String) throws -> [String] {
      try #require(try value(key).elements).compactMap(\.string)
    }

    func floats(_ key: String) throws -> [Float] {
      try #require(try value(key).elements).compactMap(\.double).map { Float($0) }
    }

    /// The files together in one folder, as the library wrote them, imported.
    func imported(from source: String = ImportFixtures.folder) throws -> ImportedModel {
      let folder = try TemporaryFolder()
      for file in try #require(try value("files").members) {
        let place = try #require(file.value.string)
        let bytes = try MappedFile(path: "\(source)/\(place)").withBytes {
          Array($0)
        }
        _ = try folder.write(bytes, to: file.name)
      }
      return try ModelImporter.importModel(
        try Checkpoint.open(folder.path), options: try options())
    }

    /// Throws for an option that is not known: it would not be tested.
    func options() throws -> ImportOptions {
      var options = ImportOptions()
      for option in try #require(try value("options").members) {
        let value = option.value
        switch option.name {
        case "activation": options.activation = value.string
        case "architecture": options.architecture = value.string
        case "crop_mode": options.cropMode = value.string
        case "crop_pct": options.cropFraction = value.double
        case "epsilon": options.epsilon = value.double.map { Float($0) }
        case "heads": options.heads = value.integer
        case "image_size": options.imageSize = value.integer
        case "interpolation": options.interpolation = value.string
        case "mean": options.mean = value.elements?.compactMap(\.double).map { Float($0) }
        case "pooling": options.pooling = value.string
        case "std":
          options.standardDeviation = value.elements?.compactMap(\.double).map { Float($0) }
        default:
          throw InputError(
            file: name, field: "options", expected: "an option of the importer", found: option.name)
        }
      }
      return options
    }
  }

  static let folder = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/") + "/Fixtures/imports"
  }()

  static let cases = list("cases", in: folder)
  static let refused = list("refused", in: folder)

  /// A tensor of the libraries' results.
  static func expected(_ name: String) throws -> [Float] {
    let file = try Checkpoint.open("\(folder)/expected.safetensors")
    return try #require(file.tensors[name], "\(name)").float32Values()
  }

  /// Empty if the list cannot be read, which a test finds.
  static func list(_ key: String, in folder: String) -> [Case] {
    let file = try? Checkpoint.Companion(readingFrom: "\(folder)/cases.json")
    return (file?.json[key]?.elements ?? []).compactMap { json in
      json["name"]?.string.map { Case(name: $0, json: json) }
    }
  }
}
