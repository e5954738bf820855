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
}

/// Values that a checkpoint's own structure tells besides the shapes of its tensors.
package struct ModelHints: Sendable {
  /// A value and what told it.
  struct Told<Value: Sendable>: Sendable {
    var value: Value
    var source: String
  }

  var family: ViTConfig.Family?
  var heads: Told<Int>?
  var epsilon: Told<Float>?
  var skipLambda: Told<Float>?
  var attentionScale: Told<Float>?
  var activation: Told<Activation>?

  /// LayerNorm's epsilon where no configuration tells it.
  var defaultEpsilon: Told<Float>?
  var imageSize: (height: Int, width: Int)?
}

/// Recognises naming schemes.
enum NamingSchemes {
  /// The known schemes, in the order in which they are tried.
  static var all: [any NamingScheme.Type] {
    [TimmNames.self, HuggingFaceNames.self, GoogleNames.self]
  }

  /// The checkpoint's tensors under timm's names.
  static func translate(_ checkpoint: Checkpoint) throws -> TensorSet {
    let tensors = Dictionary(
      uniqueKeysWithValues: checkpoint.tensors.map {
        ($0.key, NamedTensor($0.value, origin: $0.key))
      })
    return try translate(tensors, file: checkpoint.path)
  }

  /// The tensors under timm's names.
  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> TensorSet {
    for scheme in all {
      guard let found = Wrappers.unwrap(tensors, anchors: scheme.anchors) else { continue }
      let model = try scheme.translate(found.tensors, file: file)
      var set = TensorSet(
        file: file, tensors: model.tensors, scheme: scheme.title, hints: model.hints)
      set.provenance = found.provenance
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
      expected: "a ViT's, named as timm, Hugging Face or Google's JAX code do, e.g. cls_token, "
        + "vit.embeddings.cls_token, cls",
      found: names.isEmpty
        ? "none" : "\(names.count) others: \(names.prefix(4).joined(separator: ", ")), ...")
  }
}

/// Models that users may take for a ViT.
enum OtherModels {
  /// Prefixes of tensor names, and whose they are.
  static let prefixes = [
    ("beit.", "BEiT"), ("swin.", "Swin"), ("swinv2.", "Swin V2"), ("dinov2.", "DINOv2"),
    ("dinov2_with_registers.", "DINOv2"), ("data2vec_vision.", "Data2Vec"),
    ("vision_model.", "a CLIP or SigLIP vision tower"), ("convnext.", "ConvNeXT"),
    ("levit.", "LeViT"), ("cvt.", "CvT"), ("pvt.", "PVT"), ("mobilevit.", "MobileViT"),
    ("vit_msn.", "ViT-MSN"), ("layers.0.blocks.0.", "Swin"),
    ("stages.0.blocks.0.", "a staged model"),
    ("layer1.0.conv1", "ResNet"), ("yolos.", "YOLOS"), ("ijepa.", "I-JEPA"),
  ]

  /// The error for a model of another kind.
  static func refusal(_ name: String, file: String, field: String) -> InputError {
    InputError(
      file: file, field: field, expected: "a plain ViT, DeiT, DeiT-III or LV-ViT",
      found: "\(name), which is not supported")
  }
}
