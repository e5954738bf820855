internal import Checkpoints
internal import JSON
internal import ModelFacts
internal import Tensors

/// A model's `config.json` in timm's form, and `preprocessor_config.json`.
struct ConfigFile {
  /// The path, for errors and provenance; nil if there is no configuration.
  let path: String?

  private let json: JSONValue?
  private let preprocessor: Checkpoint.Companion?

  init(_ checkpoint: Checkpoint, _ options: ImportOptions) throws {
    let companion = options.config ?? checkpoint.config
    path = companion?.path
    json = companion?.json
    preprocessor = options.config == nil ? checkpoint.preprocessorConfig : nil
    if let json, json.members == nil {
      throw InputError(
        file: path ?? "", field: "config", expected: "a JSON object", found: json.kind)
    }
  }

  /// The architecture's name.
  var architecture: String? { json?["architecture"]?.string }

  /// An integer of `model_args`, e.g. `num_heads`.
  func modelInteger(_ name: String) throws -> Int? {
    guard let value = json?["model_args"]?[name] ?? json?[name] else { return nil }
    guard let integer = value.integer, (1...(1 << 20)).contains(integer) else {
      throw fail(name, "an integer from 1 to 2^20", value)
    }
    return integer
  }

  /// A number of `model_args`, e.g. `skip_lam`.
  func modelNumber(_ name: String) throws -> Double? {
    guard let value = json?["model_args"]?[name] ?? json?[name] else { return nil }
    guard let number = value.double, number.isFinite, number > 0 else {
      throw fail(name, "a positive number", value)
    }
    return number
  }

  /// A value of `pretrained_cfg`, of the preprocessor's file or of the top level.
  private func pretrained(_ name: String) -> JSONValue? {
    json?["pretrained_cfg"]?[name] ?? json?[name]
  }

  /// Three numbers, for mean and deviation.
  func triple(_ name: String, preprocessorName: String) throws -> (values: [Float], path: String)? {
    let found: (JSONValue, String)? =
      if let value = preprocessor?.json[preprocessorName], let preprocessor {
        (value, preprocessor.path)
      } else if let value = pretrained(name), let path {
        (value, path)
      } else {
        nil
      }
    guard let (value, path) = found else { return nil }
    let numbers = (value.elements ?? []).compactMap(\.double)
    guard numbers.count == 3, value.elements?.count == 3, numbers.allSatisfy(\.isFinite) else {
      throw InputError(file: path, field: name, expected: "three numbers", found: value.text())
    }
    return (numbers.map { Float($0) }, path)
  }

  /// The share of the resized picture that is kept.
  func cropFraction() throws -> Double? {
    guard let value = pretrained("crop_pct") else { return nil }
    guard let number = value.double, number > 0.05, number <= 1 else {
      throw fail("crop_pct", "a share in (0.05, 1]", value)
    }
    return number
  }

  /// The resize filter.
  func interpolation() throws -> PreprocessFacts.Interpolation? {
    guard let value = pretrained("interpolation") else { return nil }
    guard let word = value.string, let known = PreprocessFacts.Interpolation(word: word) else {
      throw fail("interpolation", "bicubic or bilinear", value)
    }
    return known
  }

  /// `id2label`, by class.
  func labels(classes: Int) -> [String] {
    guard let members = json?["id2label"]?.members, members.count == classes else { return [] }
    var labels = [String](repeating: "", count: classes)
    for member in members {
      guard let index = Int(member.name), labels.indices.contains(index),
        let label = member.value.string
      else { return [] }
      labels[index] = label
    }
    return labels
  }

  private func fail(_ field: String, _ expected: String, _ value: JSONValue) -> InputError {
    InputError(file: path ?? "config", field: field, expected: expected, found: value.kind)
  }
}

extension PreprocessFacts.Interpolation {
  /// The filter with this name.
  init?(word: String) {
    guard let known = Self.allCases.first(where: { $0.word == word }) else { return nil }
    self = known
  }
}
