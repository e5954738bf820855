internal import ModelFacts

/// A published model: what cannot be read off its weights, and the shapes that recognise it.
public struct Architecture: Sendable {
  /// The name that `--arch` takes, as timm or the model's own repository spells it.
  public let name: String

  let family: ViTConfig.Family
  let imageSize: Int
  let patchSize: Int
  let embedDim: Int
  let depth: Int
  let heads: Int
  let isDistilled: Bool
  let cropFraction: Double
  let skipLambda: Float

  /// One line for people: family and sizes.
  public var summary: String {
    "\(family.rawValue), width \(embedDim), depth \(depth), heads \(heads), "
      + "patch \(patchSize), image \(imageSize)" + (isDistilled ? ", distilled" : "")
  }

  /// The known models, grouped by family, small before large.
  public static let all: [Architecture] = deit + distilled + deit3 + vit + lvvit

  /// The model with this name.
  public static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }

  /// LayerNorm's epsilon.
  var epsilon: Float { family == .lvvit ? 1e-5 : 1e-6 }

  /// Normalisation and resize of the published weights.
  var preprocess: PreprocessFacts {
    var facts = PreprocessFacts()
    if family == .vit {
      facts.mean = [0.5, 0.5, 0.5]
      facts.standardDeviation = [0.5, 0.5, 0.5]
    }
    return facts
  }

  /// The model with this name, or the one that a timm name with a tag (`NAME.fb_in1k`) starts with.
  static func tagged(_ name: String) -> Architecture? {
    named(name) ?? named(String(name.prefix { $0 != "." }))
  }

  /// Whether weights of this configuration can be this model's, apart from image size and classes.
  func matches(_ config: ViTConfig) -> Bool {
    let isSameFamily =
      family == config.family || (family == .vit && config.family == .deit)
      || (family == .deit && config.family == .vit)
    return isSameFamily && patchSize == config.patchSize && embedDim == config.embedDim
      && depth == config.depth && isDistilled == (config.prefixTokens == 2)
      && config.hiddenDim == (family == .lvvit ? 3 : 4) * embedDim
  }

  private init(
    _ name: String, _ family: ViTConfig.Family, width: Int, depth: Int, heads: Int,
    image: Int = 224, patch: Int = 16, distilled: Bool = false, crop: Double? = nil,
    skipLambda: Float = 1
  ) {
    self.name = name
    self.family = family
    imageSize = image
    patchSize = patch
    embedDim = width
    self.depth = depth
    self.heads = heads
    isDistilled = distilled
    cropFraction = crop ?? (image > 224 ? 1 : 0.9)
    self.skipLambda = skipLambda
  }

  private static let deit = [
    Architecture("deit_tiny_patch16_224", .deit, width: 192, depth: 12, heads: 3),
    Architecture("deit_small_patch16_224", .deit, width: 384, depth: 12, heads: 6),
    Architecture("deit_base_patch16_224", .deit, width: 768, depth: 12, heads: 12),
    Architecture("deit_base_patch16_384", .deit, width: 768, depth: 12, heads: 12, image: 384),
  ]

  private static let distilled = [
    Architecture(
      "deit_tiny_distilled_patch16_224", .deit, width: 192, depth: 12, heads: 3, distilled: true),
    Architecture(
      "deit_small_distilled_patch16_224", .deit, width: 384, depth: 12, heads: 6, distilled: true),
    Architecture(
      "deit_base_distilled_patch16_224", .deit, width: 768, depth: 12, heads: 12, distilled: true),
    Architecture(
      "deit_base_distilled_patch16_384", .deit, width: 768, depth: 12, heads: 12, image: 384,
      distilled: true),
  ]

  private static let deit3 = [224, 384].flatMap { image in
    [
      Architecture(
        "deit3_small_patch16_\(image)", .deit3, width: 384, depth: 12, heads: 6, image: image),
      Architecture(
        "deit3_medium_patch16_\(image)", .deit3, width: 512, depth: 12, heads: 8, image: image),
      Architecture(
        "deit3_base_patch16_\(image)", .deit3, width: 768, depth: 12, heads: 12, image: image),
      Architecture(
        "deit3_large_patch16_\(image)", .deit3, width: 1024, depth: 24, heads: 16, image: image),
    ]
  }

  private static let vit = [224, 384].flatMap { image in
    [
      Architecture(
        "vit_tiny_patch16_\(image)", .vit, width: 192, depth: 12, heads: 3, image: image),
      Architecture(
        "vit_small_patch16_\(image)", .vit, width: 384, depth: 12, heads: 6, image: image),
      Architecture(
        "vit_base_patch16_\(image)", .vit, width: 768, depth: 12, heads: 12, image: image),
      Architecture(
        "vit_large_patch16_\(image)", .vit, width: 1024, depth: 24, heads: 16, image: image),
      Architecture(
        "vit_small_patch32_\(image)", .vit, width: 384, depth: 12, heads: 6, image: image,
        patch: 32),
      Architecture(
        "vit_base_patch32_\(image)", .vit, width: 768, depth: 12, heads: 12, image: image,
        patch: 32),
    ]
  }

  private static let lvvit = [
    Architecture("lvvit_t", .lvvit, width: 240, depth: 12, heads: 4, skipLambda: 1),
    Architecture("lvvit_s", .lvvit, width: 384, depth: 16, heads: 6, skipLambda: 2),
    Architecture("lvvit_m", .lvvit, width: 512, depth: 20, heads: 8, skipLambda: 2),
    Architecture("lvvit_l", .lvvit, width: 768, depth: 24, heads: 12, skipLambda: 3),
  ]
}
