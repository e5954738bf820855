internal import Checkpoints
internal import ModelFacts
internal import Tensors

/// One way to name a ViT's tensors.
///
/// To add a scheme, write one file with a conforming type and add it to ``NamingSchemes/all``.
protocol NamingScheme {
  /// What the scheme is called in provenance and errors.
  static var title: String { get }

  /// The name of a tensor that every checkpoint of this scheme has, without any wrapper in front.
  /// Several spellings may be given.
  static var anchors: [String] { get }

  /// The same tensors under timm's (for LV-ViT TokenLabeling's) names, and what the names and shapes
  /// say about the model beyond that.
  /// - Throws: `InputError` for relatives that are not supported.
  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel
}

/// A checkpoint's tensors under timm's names.
struct NamedModel {
  /// By name.
  var tensors: [String: NamedTensor]

  /// What else the scheme tells.
  var hints = ModelHints()

  /// Names the registers as timm does, whose positions are of patches alone: the class token's, which
  /// registers do not follow, is added to it.
  mutating func insertRegisters(_ name: String, file: String) throws {
    guard let registers = tensors.removeValue(forKey: name), let token = tensors["cls_token"],
      let positions = tensors["pos_embed"], positions.shape.rank == 3, positions.shape[0] == 1,
      let rows = positions.reshaped(Array(positions.shape.extents.dropFirst())),
      let first = rows.rows(0..<1).flatMap(token.adding),
      let rest = rows.rows(1..<max(1, rows.shape[0]))?.reshaped([
        1, rows.shape[0] - 1, rows.shape[1],
      ])
    else {
      throw InputError(
        file: file, field: name,
        expected: "a class token and positions [1, 1 + N, width] beside it",
        found: "cls_token \(tensors["cls_token"].map { "\($0.shape)" } ?? "none"), pos_embed "
          + "\(tensors["pos_embed"].map { "\($0.shape)" } ?? "none")")
    }
    tensors["reg_token"] = registers
    tensors["cls_token"] = first
    tensors["pos_embed"] = rest
  }
}

/// Values that a checkpoint's own structure tells besides the shapes of its tensors.
package struct ModelHints: Sendable {
  /// A value and what told it.
  struct Hint<Value: Sendable>: Sendable {
    var value: Value
    var source: String
  }

  var family: ViTConfig.Family?
  var heads: Hint<Int>?
  var epsilon: Hint<Float>?
  var skipLambda: Hint<Float>?
  var attentionScale: Hint<Float>?
  var activation: Hint<Activation>?

  /// Rotary positions of models of these names, where no configuration tells them.
  var rotary: Hint<RotaryPositions>?

  /// Whether the gates are the second half of what the FFN's first layer makes: they are not where gates and values had
  /// names of their own.
  var hasGatesLast: Hint<Bool>?

  /// The norms of a block are behind its branches, where a graph tells it.
  var hasPostNorms: Hint<Bool>?

  /// Parts of a block have names that only EVA's models have, which differ in what no tensor shows.
  var isNamedAsEVA = false

  /// What the classifier reads, where names or a graph tell it.
  var pooling: Hint<Pooling>?

  /// Pooling is of all tokens, where a graph tells it.
  var poolsPrefix = false

  /// Heads and activation of attention pooling, where a graph tells them.
  var poolHeads: Hint<Int>?
  var poolActivation: Activation?

  /// Behind the layer that transformers' models have behind pooling, where a graph tells it.
  var poolerActivation: Hint<Activation>?

  /// Features are the mean of class and distillation token.
  var averagesDistillation = false

  /// What models of these names pool where no configuration tells it, and why.
  var usualPooling: Hint<Pooling>?

  /// The norm behind the blocks is not read, although the model has one.
  var hasNoFinalNorm = false

  /// How features are compared with those of texts.
  var textComparison: TextComparison?

  /// LayerNorm's epsilon where no configuration tells it, and why.
  var defaultEpsilon: Hint<Float>?

  /// transformers' image processor that models of these names have.
  var processor: String?

  /// The transform that models of these names have, where that is not an architecture's.
  var transform: Hint<TimmTransform>?

  /// How the position table comes to another size, where names tell it.
  var positionResize: PositionResize?
  var imageSize: (height: Int, width: Int)?

  /// What makes probabilities of the logits, where a graph tells it.
  var scores: Hint<ModelFacts.Scores>?

  /// What a graph that was made of a plan says of itself.
  var exported: ExportedModel?

  /// What a graph does with samples, where it does anything.
  var normalisation: GraphNormalisation?

  /// Other values that a graph tells, for people.
  var details: [(key: String, told: Hint<String>)] = []

  /// What a graph leaves open.
  var assumptions: [Assumption] = []

  /// What a user should hear of a graph.
  var remarks: [Remark] = []
}

/// Recognises naming schemes.
enum NamingSchemes {
  /// The known schemes, in the order in which they are tried.
  static var all: [any NamingScheme.Type] {
    [
      EvoViTNames.self, TimmNames.self, HuggingFaceNames.self, VisionTowerNames.self,
      IJepaNames.self, AIMv2Names.self, OpenCLIPNames.self, GoogleNames.self,
      TorchvisionNames.self,
    ]
  }

  /// The checkpoint's tensors under timm's names.
  /// - Parameter readsAverage: whether of a model and its moving average the average is meant.
  static func translate(_ checkpoint: Checkpoint, readsAverage: Bool) throws -> TensorSet {
    let tensors = Dictionary(
      uniqueKeysWithValues: checkpoint.tensors.map {
        ($0.key, NamedTensor($0.value, origin: $0.key))
      })
    return try translate(tensors, file: checkpoint.path, readsAverage: readsAverage)
  }

  /// The tensors under timm's names.
  static func translate(
    _ tensors: [String: NamedTensor], file: String, readsAverage: Bool
  ) throws -> TensorSet {
    var tensors = tensors
    let textComparison = try TextTower.remove(from: &tensors, file: file)
    OpenCLIPNames.moveProjection(in: &tensors)
    for scheme in all {
      guard
        let found = try Prefixes.strip(
          tensors, anchors: scheme.anchors, file: file, readsAverage: readsAverage)
      else { continue }
      let read = try found.tensors.filter {
        try !UnreadTensors.isUnread($0.key) && !UnreadTensors.isMaskOfZeros($0.key, $0.value)
      }
      var model = try scheme.translate(read, file: file)
      model.hints.textComparison = textComparison
      var set = TensorSet(
        file: file, tensors: model.tensors, scheme: scheme.title, hints: model.hints)
      (set.prefix, set.copy) = (found.prefix, found.choice)
      return set
    }
    throw unknown(tensors, file: file)
  }

  private static func unknown(_ tensors: [String: NamedTensor], file: String) -> InputError {
    for (prefix, name) in OtherModels.prefixes
    where tensors.keys.contains(where: { $0.hasPrefix(prefix) }) {
      return OtherModels.refusal(name, file: file, field: prefix)
    }
    let names = tensors.keys.sorted()
    return InputError(
      file: file, field: "tensors",
      expected:
        "a ViT's, named as timm, Hugging Face, open_clip, Google's JAX code or torchvision do, e.g. "
        + "cls_token, vit.embeddings.cls_token, visual.class_embedding, cls, class_token",
      found: names.isEmpty
        ? "none" : "\(names.count) others: \(names.prefix(4).joined(separator: ", ")), ...")
  }
}

/// Who defines how a position table is resized.
package enum PositionResize: String, Sendable {
  /// Bicubic with a = -0.5, antialiased.
  case timm
  /// Bicubic with a = -0.75, not antialiased.
  case transformers
  /// As transformers', with aligned corners.
  case torchvision
}

/// Models that users may take for a ViT.
enum OtherModels {
  /// What is built.
  static let expected = "a ViT, DeiT, DeiT-III, LV-ViT, BEiT, EVA, DINO, CLIP or SigLIP"

  /// Prefixes of tensor names, and whose they are.
  static let prefixes = [
    ("swin.", "Swin"), ("swinv2.", "Swin V2"),
    ("convnext.", "ConvNeXT"),
    ("levit.", "LeViT"), ("cvt.", "CvT"), ("pvt.", "PVT"), ("mobilevit.", "MobileViT"),
    ("layers.0.blocks.0.", "Swin"),
    ("transformer.resblocks.", "an open_clip tower without its prefix visual."),
    ("stages.0.blocks.0.", "a staged model"),
    ("layer1.0.conv1", "ResNet"), ("yolos.", "YOLOS"),
  ]

  /// The error for a model of another kind.
  static func refusal(_ name: String, file: String, field: String) -> InputError {
    InputError(
      .unsupported, file: file, field: field, expected: expected,
      found: "\(name), which is not supported yet")
  }
}
