internal import Checkpoints
internal import JSON
internal import ModelFacts
internal import Tensors

/// A model's `config.json`, in timm's or transformers' form. Making one checks that every key is used
/// or known to change nothing.
struct ModelConfig {
  /// A value and the name under which it stands, for errors.
  struct Found {
    let value: JSONValue
    let field: String
  }

  /// Who writes such a file.
  enum Form: Equatable {
    case none
    /// timm, or a file that only names a few of a model's values.
    case timm
    /// transformers, with this `model_type`.
    case transformers(String)
  }

  /// The path, for errors and provenance; empty if there is no configuration.
  let path: String
  let form: Form
  private let json: JSONValue

  /// What values are called in the file where that has other names for them.
  private var fields: [String: String] = [:]

  /// Whether it is open_clip's.
  var isOpenCLIPs: Bool { !fields.isEmpty }

  init(_ companion: Checkpoint.Companion?) throws {
    path = companion?.path ?? ""
    if let companion, companion.json[OpenCLIPConfig.key] != nil {
      let translation = try OpenCLIPConfig.translation(of: companion.json, file: path)
      (json, fields, form) = (translation.json, translation.fields, .timm)
      return
    }
    json = companion?.json ?? .object([])
    guard let members = json.members else {
      throw InputError(file: path, field: "config", expected: "a JSON object", found: json.kind)
    }
    let type = json["model_type"].flatMap { $0 == .null ? nil : $0 }
    if let type, type.string == nil {
      throw InputError(file: path, field: "model_type", expected: "a name", found: type.kind)
    }
    if companion == nil {
      form = .none
    } else if let name = type?.string, name != ModelTypes.wrapper {
      guard ModelTypes.vit[name] != nil else { throw ModelTypes.refusal(name, file: path) }
      form = .transformers(name)
    } else {
      form = .timm
    }
    try check(members)
  }

  private func check(_ members: [JSONMember]) throws {
    if case .transformers(let type) = form, let known = ModelTypes.vit[type] {
      guard let vision = json["vision_config"], vision != .null else {
        return try known.keys.joined(TransformersKeys.base).check(members, place: "", file: path)
      }
      // Both towers: the values of the vision's stand in an object of their own.
      guard let inner = vision.members, json["hidden_size"] == nil else {
        throw InputError(
          file: path, field: "vision_config",
          expected: "an object with the values of the vision tower",
          found: vision.members == nil ? vision.kind : "hidden_size beside it")
      }
      // transformers lets these values win, which old configurations have twice.
      for member in json["vision_config_dict"]?.members ?? []
      where vision[member.name] != member.value {
        throw InputError(
          .contradiction, file: path, field: "vision_config_dict.\(member.name)",
          expected: "\(vision[member.name]?.shortText ?? "none"), as vision_config has it",
          found: member.value.shortText)
      }
      try TransformersKeys.towers.joined(TransformersKeys.base)
        .check(members, place: "", file: path)
      return try known.keys.joined(TransformersKeys.base)
        .check(inner, place: "vision_config", file: path)
    }
    var top = TimmKeys.top.joined(TransformersKeys.base)
    if json["model_type"]?.string == ModelTypes.wrapper {
      top = top.joined(TransformersKeys.wrapper)
    }
    if json["architecture"] == nil {
      // A file of the user's own may name a few values in any way.
      top = top.joined(TimmKeys.arguments).joined(TimmKeys.pretrained).joined(TransformersKeys.vit)
    } else if json["pretrained_cfg"] == nil {
      // timm's old files have the published weights' values at the top level.
      top = top.joined(TimmKeys.pretrained)
    }
    try top.check(members, place: "", file: path)
    for (name, table) in [
      ("model_args", TimmKeys.arguments), ("pretrained_cfg", TimmKeys.pretrained),
    ] {
      guard let inner = json[name], inner != .null else { continue }
      guard let members = inner.members else {
        throw InputError(file: path, field: name, expected: "an object", found: inner.kind)
      }
      try table.check(members, place: name, file: path)
    }
    try checkNulls()
    try checkAgreement()
  }

  /// Throws for an argument of a named architecture that is null: timm passes it on, and its constructor's default then
  /// stands in for what the architecture says.
  private func checkNulls() throws {
    let isWrapper = json["model_type"]?.string == ModelTypes.wrapper
    guard json["architecture"] != nil, !isWrapper else { return }
    for member in json["model_args"]?.members ?? []
    where member.value == .null && member.name != "init_values" {
      if case .noEffect = TimmKeys.arguments.rules[member.name] { continue }
      throw InputError(
        .unsupported, file: path, field: "model_args.\(member.name)",
        expected: "a value, or no such key where the architecture's own is meant",
        found: "null, for which timm takes its constructor's default")
    }
  }

  /// Names under which one value may stand.
  private static let synonyms = [
    ["img_size", "image_size"], ["num_heads", "num_attention_heads"],
    ["norm_eps", "layer_norm_eps"], ["embed_dim", "hidden_size"], ["depth", "num_hidden_layers"],
    ["in_chans", "num_channels"], ["num_classes", "num_labels"], ["act_layer", "hidden_act"],
    ["global_pool"], ["patch_size"], ["qkv_bias"], ["skip_lam"], ["mlp_ratio"], ["init_values"],
    ["no_embed_class"], ["dynamic_img_pad"],
  ]

  /// Throws if one value stands in two places and is not the same.
  private func checkAgreement() throws {
    for names in Self.synonyms {
      var first: Found?
      for (place, object) in [("model_args.", json["model_args"]), ("", json)] {
        for name in names {
          guard let value = object?[name], value != .null else { continue }
          let found = Found(value: value, field: place + name)
          guard let other = first else {
            first = found
            continue
          }
          guard Self.pair(other.value) == Self.pair(value) else {
            throw InputError(
              file: path, field: found.field,
              expected: "\(other.value.shortText), as \(other.field) says",
              found: value.shortText)
          }
        }
      }
    }
  }

  /// A value in one form: an extent as two, a number by its value.
  private static func pair(_ value: JSONValue) -> [JSONValue] {
    let values = value.elements ?? [value, value]
    return values.map { $0.double.map { JSONValue($0) } ?? $0 }
  }

  // MARK: - What the model is

  /// The architecture's name, as timm writes it.
  func architecture() throws -> String? {
    for (field, value) in [
      ("architecture", json["architecture"]),
      ("pretrained_cfg.architecture", json["pretrained_cfg"]?["architecture"]),
    ] {
      guard let value, value != .null else { continue }
      return try word(found(value, field))
    }
    return nil
  }

  /// What transformers' class makes of an image, logits or features; nil where none is named.
  /// - Throws: `InputError` for classes that make something else.
  func output() throws -> OutputRole? {
    guard let value = json["architectures"], value != .null else { return nil }
    guard let classes = value.elements, classes.allSatisfy({ $0.string != nil }) else {
      throw fail(Found(value: value, field: "architectures"), "names of classes")
    }
    var output: OutputRole?
    for name in classes.compactMap(\.string) {
      guard let role = ModelTypes.classes[name], output == nil || output == role else {
        throw InputError(
          file: path, field: "architectures",
          expected: ModelTypes.classes.keys.sorted().joined(separator: ", "),
          found: "\(name); its output is no vector of classes and no features that are known")
      }
      output = role
    }
    return output
  }

  /// Throws unless a checkpoint with `classes` classes, 0 for none, is one of transformers' class.
  func checkClass(classes: Int, of file: String) throws {
    switch try output() {
    case .logits where classes == 0:
      throw InputError(
        .contradiction, file: file, field: "classifier",
        expected: "one, as \(path) names a class with one", found: "none")
    case .features where classes > 0:
      throw fail(
        Found(value: json["architectures"] ?? .null, field: "architectures"),
        "a class with a classifier, as the tensors have one", as: .contradiction)
    default: break
    }
  }

  /// A value of the model under the first of these names that has one, in `model_args` or at the top
  /// level.
  func model(_ names: String...) -> Found? {
    for name in names {
      for place in ["model_args", "vision_config"] {
        // transformers takes the projection's width, as the labels, from outside.
        if place == "vision_config", name == "projection_dim", json[name] != nil { continue }
        if let value = json[place]?[name], value != .null {
          return found(value, "\(place).\(name)")
        }
      }
      if let value = json[name], value != .null { return found(value, name) }
    }
    return nil
  }

  /// The method that the model was trained with to have fewer tokens.
  var tokenReduction: Found? {
    json["token_reduction"].flatMap {
      $0 == .null ? nil : Found(value: $0, field: "token_reduction")
    }
  }

  /// Whether an argument of the model is there and null, which timm takes for its constructor's default.
  func argumentIsNull(_ name: String) -> Bool { json["model_args"]?[name] == .null }

  /// Whether timm makes the model for the size that its published weights have.
  func hasFixedSize() throws -> Bool {
    guard let fixed = pretrained("fixed_input_size"), try boolean(fixed) else { return false }
    guard let dynamic = model("dynamic_img_size") else { return true }
    return try !boolean(dynamic)
  }

  /// A value of timm's published weights, in `pretrained_cfg` or, where there is none, at the top level.
  func pretrained(_ name: String) -> Found? {
    if let inner = json["pretrained_cfg"], inner != .null {
      return inner[name].flatMap {
        $0 == .null ? nil : Found(value: $0, field: "pretrained_cfg.\(name)")
      }
    }
    return json[name].flatMap { $0 == .null ? nil : found($0, name) }
  }

  private func found(_ value: JSONValue, _ field: String) -> Found {
    Found(value: value, field: fields[field] ?? field)
  }

  /// Whether it says how images are prepared, as timm does.
  var hasTimmTransform: Bool {
    guard case .timm = form else { return false }
    return json["pretrained_cfg"]?.members != nil || json["architecture"] != nil
      || ["mean", "std", "crop_pct", "crop_mode", "interpolation"].contains { json[$0] != nil }
  }

  /// The image processor that transformers has for this type of model.
  var processor: String? {
    guard case .transformers(let type) = form else { return nil }
    return ModelTypes.vit[type]?.processor
  }

  // MARK: - Typed values

  /// An integer, e.g. `num_heads`.
  func integer(_ found: Found) throws -> Int {
    guard let integer = found.value.integer, (1...(1 << 20)).contains(integer) else {
      throw fail(found, "an integer from 1 to 2^20")
    }
    return integer
  }

  /// A positive number, e.g. `skip_lam`.
  func number(_ found: Found) throws -> Double {
    guard let number = found.value.double, number.isFinite, number > 0 else {
      throw fail(found, "a positive number")
    }
    return number
  }

  /// A word, e.g. `act_layer`.
  func word(_ found: Found) throws -> String {
    guard let word = found.value.string else { throw fail(found, "a name") }
    return word
  }

  func boolean(_ found: Found) throws -> Bool {
    // Python takes 0 and 1 for them.
    if let value = found.value.boolean { return value }
    guard let number = found.value.integer, (0...1).contains(number) else {
      throw fail(found, "true or false")
    }
    return number == 1
  }

  /// Height and width, of one number or two.
  func extents(_ found: Found) throws -> (height: Int, width: Int) {
    let extents =
      found.value.integer.map { [$0, $0] } ?? (found.value.elements ?? []).compactMap(\.integer)
    guard extents.count == 2, extents.allSatisfy({ (1...65536).contains($0) }),
      found.value.integer != nil || found.value.elements?.count == 2
    else { throw fail(found, "one or two integers from 1 to 65536") }
    return (extents[0], extents[1])
  }

  /// The extents of `input_size`, `[channels, height, width]`.
  func inputExtents() throws -> (height: Int, width: Int, field: String)? {
    guard let found = pretrained("input_size") else { return nil }
    let extents = (found.value.elements ?? []).compactMap(\.integer)
    guard extents.count == 3, found.value.elements?.count == 3,
      extents.allSatisfy({ (1...65536).contains($0) })
    else { throw fail(found, "three integers: channels, height, width") }
    return (extents[1], extents[2], found.field)
  }

  func fail(
    _ found: Found, _ expected: String, as kind: InputError.Kind = .invalidFile
  ) -> InputError {
    InputError(
      kind, file: path, field: found.field, expected: expected, found: found.value.shortText)
  }

  // MARK: - Labels

  /// `id2label` (transformers) or `label_names` (timm), by class; empty if there are none.
  /// - Throws: `InputError` if there is not one for each class.
  func labels(classes: Int) throws -> [String] {
    guard classes > 0 else { return [] }
    if let found = model("label_names", "labels") ?? pretrained("label_names") {
      let names = (found.value.elements ?? []).compactMap(\.string)
      guard names.count == classes, found.value.elements?.count == classes else {
        throw InputError(
          file: path, field: found.field, expected: "\(classes) names, one a class",
          found: "\(found.value.elements?.count ?? 0)")
      }
      return names
    }
    guard let found = model("id2label") else { return [] }
    guard let members = found.value.members, members.count == classes else {
      throw InputError(
        file: path, field: found.field, expected: "\(classes) names, one a class",
        found: "\(found.value.members?.count ?? 0)")
    }
    var labels = [String?](repeating: nil, count: classes)
    for member in members {
      guard let index = Int(member.name), labels.indices.contains(index), labels[index] == nil,
        let label = member.value.string
      else {
        throw InputError(
          file: path, field: "id2label.\(member.name)",
          expected: "a name for each number below \(classes)", found: member.value.shortText)
      }
      labels[index] = label
    }
    let names = labels.compactMap(\.self)
    // What transformers fills in where nobody gave names; it tells no more than the class's number.
    return names.enumerated().allSatisfy { $1 == "LABEL_\($0)" } ? [] : names
  }
}
