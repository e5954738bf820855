internal import Checkpoints
internal import JSON
internal import Tensors

/// open_clip's `open_clip_config.json`: what it says of the vision tower and of its images, in timm's words.
///
/// Where open_clip leaves something out, its defaults are taken (open_clip 3): `CLIPVisionCfg` of its `model.py`,
/// `PreprocessCfg` and `image_transform` of its `transform.py`.
enum OpenCLIPConfig {
  /// What a file of another kind has not.
  static let key = "model_cfg"

  /// A configuration in timm's form, and where each of its values stands in the file.
  struct Translation {
    var json: JSONValue
    var fields: [String: String] = [:]
  }

  private static let top = KeyTable([
    ("model_cfg", .read), ("preprocess_cfg", .read),
    ("model_name", .noEffect("words")), ("license", .noEffect("words")),
  ])

  private static let model = KeyTable([
    ("embed_dim", .read), ("vision_cfg", .read), ("quick_gelu", .read),
    ("text_cfg", .noEffect("the text's tower is not read")),
    ("custom_text", .noEffect("the text's tower is not read")),
    ("init_logit_scale", .noEffect("initialisation")),
    ("init_logit_bias", .noEffect("initialisation")),
    ("nonscalar_logit_scale", .noEffect("the tensor shows it")),
    ("output_dict", .noEffect("the form of the result")),
    ("multimodal_cfg", .only([], "a tower of both")),
  ])

  private static let vision = KeyTable([
    ("layers", .read), ("width", .read), ("head_width", .read), ("mlp_ratio", .read),
    ("patch_size", .read), ("image_size", .read), ("ls_init_value", .read),
    ("no_ln_pre", .read), ("final_ln_after_pool", .read), ("pool_type", .read),
    ("norm_kwargs", .read), ("qk_norm", .read), ("scale_attn_inner", .read), ("scale_fc", .read),
    ("act_kwargs", .only([.object([])], "an activation with arguments")),
    ("scaled_cosine_attn", .only([false], "attention by cosines")),
    ("scale_heads", .only([false], "factors of heads")),
    ("scale_attn", .only([false], "a norm behind attention")),
    ("attentional_pool", .only([false], "pooling by many queries")),
    ("attn_pooler_queries", .noEffect("attentional_pool is off")),
    ("attn_pooler_heads", .noEffect("attentional_pool is off")),
    ("pos_embed_type", .noEffect("the table is among the tensors")),
    ("block_type", .noEffect("the tensors show it")),
    ("patch_dropout", .noEffect("only training drops")),
    ("output_tokens", .noEffect("more results")),
    ("timm_model_name", .read), ("timm_pool", .read), ("timm_proj", .read),
    ("timm_proj_bias", .noEffect("the tensors show it")),
    ("timm_model_pretrained", .noEffect("where training began")),
    ("timm_drop", .noEffect("only training drops")),
    ("timm_drop_path", .noEffect("only training drops")),
  ])

  private static let preprocess = KeyTable([
    ("mean", .read), ("std", .read), ("interpolation", .read), ("resize_mode", .read),
    ("size", .noEffect("images have the model's size")),
    ("mode", .only(["RGB"], "images of other channels")),
    ("fill_color", .noEffect("nothing is padded")),
  ])

  /// - Throws: `InputError` naming a key that is not known, or a value that is not built.
  static func translation(of json: JSONValue, file: String) throws -> Translation {
    func members(_ value: JSONValue?, _ place: String) throws -> [JSONMember] {
      guard let value, value != .null else { return [] }
      guard let members = value.members else {
        throw InputError(file: file, field: place, expected: "an object", found: value.kind)
      }
      return members
    }
    try top.check(members(json, "config"), place: "", file: file)
    let (outer, place) = (json[key] ?? .null, "\(key).vision_cfg")
    try model.check(members(outer, key), place: key, file: file)
    let inner = outer["vision_cfg"] ?? .null
    try vision.check(members(inner, place), place: place, file: file)
    let images = json["preprocess_cfg"] ?? .object([])
    try preprocess.check(
      members(images, "preprocess_cfg"), place: "preprocess_cfg", file: file)
    var reader = Reader(file: file)
    let isTimms = inner["timm_model_name"].map { $0 != .null } ?? false
    if isTimms {
      try reader.readTimmTower(inner, place)
    } else {
      try reader.readTower(inner, place)
      let isQuick = try reader.flag(outer["quick_gelu"], "\(key).quick_gelu") ?? false
      reader.say("act_layer", isQuick ? "quick_gelu" : "gelu", "\(key).quick_gelu")
    }
    if let width = outer["embed_dim"], width != .null {
      reader.say("projection_dim", width, "\(key).embed_dim")
    }
    // open_clip forgets the filter of images that are not square.
    let isSquare = inner["image_size"]?.elements.map { Set($0.map(\.integer)).count == 1 } ?? true
    try reader.readImages(images, isSquare: isSquare)
    return reader.translation()
  }

  /// Gathers values.
  private struct Reader {
    let file: String
    private var arguments: [JSONMember] = []
    private var others: [JSONMember] = []
    private var fields: [String: String] = [:]

    init(file: String) { self.file = file }

    func translation() -> Translation {
      Translation(
        json: .object(others + [JSONMember("model_args", .object(arguments))]), fields: fields)
    }

    /// An argument of the model.
    mutating func say(_ name: String, _ value: JSONValue, _ field: String) {
      arguments.append(JSONMember(name, value))
      fields["model_args.\(name)"] = field
    }

    private mutating func sayOutside(_ name: String, _ value: JSONValue, _ field: String) {
      others.append(JSONMember(name, value))
      fields[name] = field
    }

    private func fail(_ field: String, _ expected: String, _ value: JSONValue?) -> InputError {
      InputError(
        file: file, field: field, expected: expected, found: value?.shortText ?? "none")
    }

    func flag(_ value: JSONValue?, _ field: String) throws -> Bool? {
      guard let value, value != .null else { return nil }
      guard let flag = value.boolean else { throw fail(field, "true or false", value) }
      return flag
    }

    private func word(_ value: JSONValue?, _ field: String) throws -> String? {
      guard let value, value != .null else { return nil }
      guard let word = value.string else { throw fail(field, "a word", value) }
      return word
    }

    private func integer(_ value: JSONValue?, _ field: String, or usual: Int) throws -> Int {
      guard let value, value != .null else { return usual }
      guard let number = value.integer, (1...65536).contains(number) else {
        throw fail(field, "a whole number from 1 to 65536", value)
      }
      return number
    }

    /// open_clip's own vision transformer.
    mutating func readTower(_ tower: JSONValue, _ place: String) throws {
      let width = try integer(tower["width"], "\(place).width", or: 768)
      let headWidth = try integer(tower["head_width"], "\(place).head_width", or: 64)
      guard tower["layers"]?.elements == nil else {
        throw InputError(
          .unsupported, file: file, field: "\(place).layers", expected: OtherModels.expected,
          found: "a ResNet of CLIP, which is not supported yet")
      }
      say(
        "depth", .init(try integer(tower["layers"], "\(place).layers", or: 12)), "\(place).layers")
      say("embed_dim", .init(width), "\(place).width")
      guard width % headWidth == 0 else {
        throw fail("\(place).head_width", "a divisor of the width \(width)", tower["head_width"])
      }
      say("num_heads", .init(width / headWidth), "\(place).head_width")
      for (name, own, usual) in [
        ("mlp_ratio", "mlp_ratio", JSONValue(4)), ("patch_size", "patch_size", 16),
        ("img_size", "image_size", 224),
      ] {
        let value = tower[own].flatMap { $0 == .null ? nil : $0 }
        say(name, value ?? usual, "\(place).\(own)")
      }
      if let value = tower["ls_init_value"], value != .null {
        say("init_values", value, "\(place).ls_init_value")
      }
      let isPlain = try flag(tower["no_ln_pre"], "\(place).no_ln_pre") ?? false
      say("pre_norm", .bool(!isPlain), "\(place).no_ln_pre")
      for (name, own) in [
        ("qk_norm", "qk_norm"), ("scale_attn_norm", "scale_attn_inner"),
        ("scale_mlp_norm", "scale_fc"),
      ] {
        let isThere = try flag(tower[own], "\(place).\(own)") ?? false
        say(name, .bool(isThere), "\(place).\(own)")
      }
      try readPooling(tower, place)
      try readEpsilon(tower["norm_kwargs"], "\(place).norm_kwargs")
    }

    private mutating func readPooling(_ tower: JSONValue, _ place: String) throws {
      let field = "\(place).pool_type"
      let pools = ["tok": "token", "avg": "avg"]
      let type = try word(tower["pool_type"], field) ?? "tok"
      guard let pooling = pools[type] else {
        throw fail(field, pools.keys.sorted().joined(separator: " or "), tower["pool_type"])
      }
      say("global_pool", .string(pooling), field)
      let last = "\(place).final_ln_after_pool"
      say("fc_norm", .bool(try flag(tower["final_ln_after_pool"], last) ?? false), last)
    }

    /// PyTorch's LayerNorm has 1e-5.
    private mutating func readEpsilon(_ arguments: JSONValue?, _ field: String) throws {
      let members = arguments?.members ?? []
      guard arguments == nil || arguments == .null || arguments?.members != nil,
        members.allSatisfy({ $0.name == "eps" })
      else { throw fail(field, "eps alone", arguments) }
      say("norm_eps", members.first?.value ?? .number("1e-5"), field)
    }

    /// A model of timm's as the tower.
    mutating func readTimmTower(_ tower: JSONValue, _ place: String) throws {
      let name = try word(tower["timm_model_name"], "\(place).timm_model_name") ?? ""
      sayOutside("architecture", .string(name), "\(place).timm_model_name")
      let pool = try word(tower["timm_pool"], "\(place).timm_pool") ?? "avg"
      if !pool.isEmpty { say("global_pool", .string(pool), "\(place).timm_pool") }
      let proj = try word(tower["timm_proj"], "\(place).timm_proj") ?? "linear"
      guard ["linear", "none", ""].contains(proj) else {
        throw InputError(
          .unsupported, file: file, field: "\(place).timm_proj", expected: "linear or none",
          found: "\(proj), which is not supported yet")
      }
      let size = tower["image_size"].flatMap { $0 == .null ? nil : $0 }
      say("img_size", size ?? 224, "\(place).image_size")
    }

    mutating func readImages(_ images: JSONValue, isSquare: Bool) throws {
      let place = "preprocess_cfg"
      for (name, usual) in [
        ("mean", Statistics.clipMean), ("std", Statistics.clipDeviation),
      ] {
        let value = images[name].flatMap { $0 == .null ? nil : $0 }
        // One number is that of all channels.
        let numbers: JSONValue? = value.map { $0.double == nil ? $0 : .array([$0, $0, $0]) }
        sayOutside(
          name, numbers ?? .array(usual.map { .number("\($0)") }), "\(place).\(name)")
      }
      let filter = try word(images["interpolation"], "\(place).interpolation") ?? "bicubic"
      guard ["bicubic", "bilinear", "random"].contains(filter) else {
        throw fail("\(place).interpolation", "bicubic, bilinear or random", images["interpolation"])
      }
      let modes = ["shortest": "center", "squash": "squash"]
      let mode = try word(images["resize_mode"], "\(place).resize_mode") ?? "shortest"
      // Of random ones open_clip evaluates with bicubic.
      sayOutside(
        "interpolation",
        .string(filter == "bilinear" && (isSquare || mode == "squash") ? filter : "bicubic"),
        "\(place).interpolation")
      guard let known = modes[mode] else {
        throw InputError(
          .unsupported, file: file, field: "\(place).resize_mode", expected: "shortest or squash",
          found: "\(mode), which is not supported yet")
      }
      sayOutside("crop_mode", .string(known), "\(place).resize_mode")
      sayOutside("crop_pct", .init(1.0), "\(place).resize_mode")
    }
  }
}
