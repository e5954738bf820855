package import ModelFacts

/// A published model: what cannot be read off its weights, the shapes that recognise it, and what it
/// needs beyond a plain ViT.
public struct Architecture: Sendable {
  /// Something that a model needs and that the importer does not build yet.
  struct Need: Sendable, Equatable {
    /// In words, e.g. `register tokens`.
    let words: String

    /// Whether the checkpoint's tensors show it; what they do not show makes twins.
    let isShown: Bool
  }

  /// The name that ``ImportOptions/architecture`` takes, as timm or the model's own repository spells it.
  public let name: String

  /// The family that it belongs to, e.g. `DeiT-III`.
  let familyName: String
  let imageHeight: Int
  let imageWidth: Int
  var patchHeight: Int
  var patchWidth: Int
  package var embedDim: Int
  var depth: Int
  package let heads: Int

  /// Width of the FFN's hidden layer.
  var hiddenDim: Int

  /// LayerNorm's epsilon.
  let epsilon: Float

  /// Between the FFN's layers; nil for one that is not built.
  package let activation: Activation?

  /// What the classifier reads, in timm's words: `token`, `avg`, `map`, ...
  let pooling: String

  /// How its published weights are evaluated.
  let transform: TimmTransform
  let isDistilled: Bool
  var hasLayerScale: Bool
  var hasPatchOnlyPositions: Bool
  var hasQKVBias: Bool
  var hasPooledNorm: Bool
  var hasClassToken: Bool
  var registerTokens: Int
  var hasPreNorm: Bool
  var hasFinalNorm: Bool
  var hasAttentionPool: Bool

  /// The projection of attention has a bias.
  var hasProjectionBias: Bool

  /// The FFN's layers have biases.
  var hasFFNBias: Bool

  /// The FFN has gates.
  var isGated: Bool

  /// A norm of what the FFN's second layer reads.
  var hasInnerNorm: Bool

  /// A norm of what attention's projection reads.
  var hasAttentionNorm: Bool

  /// LayerNorm of every head's query and key.
  var hasHeadNorm: Bool

  /// A table of positions that is added to the tokens.
  var hasPositions: Bool

  /// Where the relative position bias of attention comes from.
  var relative: RelativePositions?

  /// Every norm is RMSNorm.
  var hasRMSNorms: Bool

  /// A norm behind the patch embedding.
  var hasPatchNorm: Bool

  /// The norms of blocks are behind the branches.
  let hasPostNorms: Bool

  /// The second half of what the FFN's first layer makes are the gates.
  let hasGatesLast: Bool

  /// How queries and keys are turned by their positions.
  var rotary: RotaryPositions?

  /// Heads of attention pooling where they are not as many as a block's.
  let poolHeads: Int?

  /// Pooling is of all tokens and not of patch tokens alone.
  let poolsPrefix: Bool

  /// Divides both residual branches (LV-ViT).
  let skipLambda: Float
  let needs: [Need]

  /// One line for people: family and sizes.
  public var summary: String {
    let image = imageHeight == imageWidth ? "\(imageHeight)" : "\(imageHeight) x \(imageWidth)"
    guard embedDim > 0 else { return "\(familyName), image \(image)" }
    return
      "\(familyName), width \(embedDim), depth \(depth), heads \(heads), patch \(patchHeight), "
      + "image \(image)" + (isDistilled ? ", distilled" : "")
      + (hasClassToken ? "" : ", no class token")
      + (registerTokens > 0 ? ", \(registerTokens) registers" : "")
  }

  /// What a model of this architecture needs that is not supported yet; nil if it converts.
  public var missing: String? {
    var words = needs.map(\.words)
    if let pooling = Pooling.refusal(pooling) { words.append(pooling) }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  /// The family whose graph it has; nil for families that are not built.
  var family: ViTConfig.Family? { ViTConfig.Family(rawValue: familyName) }

  /// The model with this name.
  public static func named(_ name: String) -> Architecture? { all.first { $0.name == name } }

  /// The model with this name, or the one that a timm name with a tag (`NAME.fb_in1k`) starts with.
  static func tagged(_ name: String) -> Architecture? {
    named(name) ?? named(String(name.prefix { $0 != "." }))
  }

  /// Whether weights of this configuration can be this model's, apart from image size and classes. Positions of
  /// patches alone are the same as all where nothing is in front of the patches.
  func matches(_ config: ViTConfig) -> Bool {
    !needs.contains(where: \.isShown) && patchHeight == config.patchHeight
      && patchWidth == config.patchWidth && embedDim == config.embedDim && depth == config.depth
      && hiddenDim == config.hiddenDim
      && isDistilled == config.hasDistillationToken && hasClassToken == config.hasClassToken
      && registerTokens == config.registerTokens && hasPreNorm == config.hasPreNorm
      && hasFinalNorm == (config.hasFinalNorm || config.hasPooledNorm)
      && hasPooledNorm == config.hasPooledNorm
      && hasAttentionPool == config.hasAttentionPool
      && hasLayerScale == config.hasLayerScale
      && (config.prefixTokens == 0 || hasPatchOnlyPositions == config.hasPatchOnlyPositions)
      && hasQKVBias == config.hasQKVBias && isGated == config.isGated
      && hasInnerNorm == config.hasInnerNorm && hasAttentionNorm == config.hasAttentionNorm
      && hasHeadNorm == (config.headNormWidth != nil) && hasPositions == config.hasPositions
      && (rotary?.kind == .mixed) == (config.frequencyHeads != nil)
      && relative == config.relative && hasRMSNorms == config.hasRMSNorms
      && hasPatchNorm == config.hasPatchNorm
      && hasProjectionBias == config.hasProjectionBias && hasFFNBias == config.hasFFNBias
      && (family == .lvvit) == (config.family == .lvvit)
  }
}
