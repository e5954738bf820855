internal import Checkpoints
internal import JSON
internal import ModelFacts
internal import Tensors

/// A model's `config.json` in timm's or Hugging Face's form, and `preprocessor_config.json`.
struct ConfigFile {
  /// The path, for errors and provenance; nil if there is no configuration.
  let path: String?

  private let json: JSONValue?
  private let preprocessor: PreprocessorFile?

  init(_ checkpoint: Checkpoint, _ options: ImportOptions) throws {
    try self.init(
      options.config ?? checkpoint.config,
      preprocessor: options.config == nil ? checkpoint.preprocessorConfig : nil)
  }

  init(_ companion: Checkpoint.Companion?, preprocessor: Checkpoint.Companion?) throws {
    path = companion?.path
    json = companion?.json
    self.preprocessor = try preprocessor.map(PreprocessorFile.init)
    if let json, json.members == nil {
      throw InputError(
        file: path ?? "", field: "config", expected: "a JSON object", found: json.kind)
    }
  }

  /// The architecture's name, as timm writes it.
  var architecture: String? { json?["architecture"]?.string }

  /// Hugging Face's kind of model, e.g. `vit`.
  var modelType: String? { json?["model_type"]?.string }

  /// Refuses what a configuration says the model is, if that is no plain ViT.
  func refuseOtherModels(file: String) throws {
    if let modelType, !["vit", "deit", "timm_wrapper", "vit_hybrid"].contains(modelType) {
      throw OtherModels.refusal(modelType, file: path ?? file, field: "model_type")
    }
    if modelType == "vit_hybrid" {
      throw OtherModels.refusal("a hybrid ViT", file: path ?? file, field: "model_type")
    }
    if let act = json?["hidden_act"]?.string, act != "gelu" {
      throw OtherModels.refusal("the activation \(act)", file: path ?? file, field: "hidden_act")
    }
    if let pool = json?["global_pool"]?.string, pool != "token", pool != "" {
      throw OtherModels.refusal("\(pool) pooling", file: path ?? file, field: "global_pool")
    }
  }

  /// An integer of `model_args` or of the top level, e.g. `num_heads`.
  func modelInteger(_ name: String) throws -> Int? {
    guard let value = json?["model_args"]?[name] ?? json?[name] else { return nil }
    guard let integer = value.integer, (1...(1 << 20)).contains(integer) else {
      throw fail(name, "an integer from 1 to 2^20", value)
    }
    return integer
  }

  /// A number of `model_args` or of the top level, e.g. `skip_lam`.
  func modelNumber(_ name: String) throws -> Double? {
    guard let value = json?["model_args"]?[name] ?? json?[name] else { return nil }
    guard let number = value.double, number.isFinite, number > 0 else {
      throw fail(name, "a positive number", value)
    }
    return number
  }

  /// The picture's extents, if the configuration tells them.
  func imageSize() throws -> (height: Int, width: Int)? {
    guard let value = json?["model_args"]?["img_size"] ?? json?["image_size"] else { return nil }
    let extents = value.integer.map { [$0, $0] } ?? (value.elements ?? []).compactMap(\.integer)
    guard extents.count == 2, extents.allSatisfy({ (1...65536).contains($0) }) else {
      throw fail("image size", "one or two integers", value)
    }
    return (extents[0], extents[1])
  }

  /// Three numbers, for mean and deviation.
  func triple(_ name: String, preprocessorName: String) throws -> (values: [Float], path: String)? {
    if let found = try preprocessor?.triple(preprocessorName) { return found }
    guard let value = pretrained(name), let path else { return nil }
    return (try value.triple(file: path, field: name), path)
  }

  /// The share of the resized picture that is kept, and where that stands.
  func cropFraction() throws -> (share: Double, source: String)? {
    if let found = try preprocessor?.cropFraction() { return found }
    guard let value = pretrained("crop_pct"), let path else { return nil }
    guard let number = value.double, number > 0.05, number <= 1 else {
      throw fail("crop_pct", "a share in (0.05, 1]", value)
    }
    return (number, path)
  }

  /// The resize filter, and where that stands.
  func interpolation() throws -> (filter: PreprocessFacts.Interpolation, source: String)? {
    if let found = try preprocessor?.interpolation() { return found }
    guard let value = pretrained("interpolation"), let path else { return nil }
    guard let word = value.string, let known = PreprocessFacts.Interpolation(word: word) else {
      throw fail("interpolation", "bicubic or bilinear", value)
    }
    return (known, path)
  }

  /// `id2label` (Hugging Face) or `label_names` (timm), by class.
  func labels(classes: Int) -> [String] {
    if let names = json?["label_names"]?.elements, names.count == classes {
      let words = names.compactMap(\.string)
      if words.count == classes { return words }
    }
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

  /// A value of `pretrained_cfg` or of the top level.
  private func pretrained(_ name: String) -> JSONValue? {
    json?["pretrained_cfg"]?[name] ?? json?[name]
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

extension JSONValue {
  /// Three finite numbers.
  func triple(file: String, field: String) throws -> [Float] {
    let numbers = (elements ?? []).compactMap(\.double)
    guard numbers.count == 3, elements?.count == 3, numbers.allSatisfy(\.isFinite) else {
      throw InputError(file: file, field: field, expected: "three numbers", found: text())
    }
    return numbers.map { Float($0) }
  }
}
