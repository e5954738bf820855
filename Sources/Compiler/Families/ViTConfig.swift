internal import ModelFacts

/// Everything about a ViT that its graph depends on, apart from the weights themselves.
package struct ViTConfig: Sendable, Equatable {
  /// The families whose graphs differ.
  package enum Family: String, Sendable {
    case vit = "ViT"
    case deit = "DeiT"
    case deit3 = "DeiT-III"
    case lvvit = "LV-ViT"
    case eva = "EVA"
    case beit = "BEiT"
  }

  var family = Family.deit
  var imageHeight = 224
  var imageWidth = 224

  /// Channels of the image.
  var channels = 3
  var patchHeight = 16
  var patchWidth = 16

  /// D: the elements of a row.
  var embedDim = 0

  /// Number of blocks.
  var depth = 0

  /// H.
  var heads = 0

  /// Width of the FFN's hidden layer: what its second layer reads.
  var hiddenDim = 0

  /// Between the FFN's two layers; of a gated FFN that of the gates.
  var activation = Activation.gelu

  /// The FFN's first layer makes gates and values, each as wide as the hidden layer, and the second reads
  /// `activation(gate) * value`.
  var isGated = false

  /// The gates are the second half of what the first layer makes, and not the first.
  var hasGatesLast = false

  /// A norm of what the FFN's second layer reads.
  var hasInnerNorm = false

  /// A norm of what attention's projection reads.
  var hasAttentionNorm = false

  /// LayerNorm of every head's query and key; the elements that it is over.
  var headNormWidth: Int?

  /// The norms of a block are behind its branches, `x + norm1(attn(x))`, and not in front.
  var hasPostNorms = false

  /// The projection of attention has a bias.
  var hasProjectionBias = true

  /// The FFN's layers have biases.
  var hasFFNBias = true

  /// Without a classifier the model has features in place of logits.
  var classes = 0

  /// What the classifier or the features are made of.
  var pooling = Pooling.token

  /// Pooling, but for the class token's, is of all tokens and not of patch tokens alone.
  var poolsPrefix = false

  /// Width of the linear layer that transformers' models without a classifier have behind pooling.
  var poolerWidth: Int?

  /// Behind that layer.
  var poolerActivation = Activation.tanh

  /// Features are the mean of class and distillation token, as timm's distilled models have it.
  var averagesDistillation = false

  /// The first token is a class token.
  var hasClassToken = true

  /// A distillation token follows the class token.
  var hasDistillationToken = false

  /// Tokens behind these that stand for no patch.
  var registerTokens = 0

  /// P: the tokens in front of the patch tokens.
  var prefixTokens: Int {
    (hasClassToken ? 1 : 0) + (hasDistillationToken ? 1 : 0) + registerTokens
  }

  /// The distillation token has a classifier of its own, and both are averaged.
  var hasSecondHead = false

  /// The classifier reads the class token and the mean of the patch tokens, one behind the other.
  var headReadsMean = false

  /// A linear layer makes the features of what is pooled (CLIP); its outputs.
  var projectionWidth: Int?

  /// That layer has a bias.
  var hasFeatureBias = false

  /// The patch embedding has a bias.
  var hasPatchBias = true

  /// A norm between the embedding and the blocks (CLIP).
  var hasPreNorm = false

  /// A norm behind the blocks, before pooling.
  var hasFinalNorm = true

  /// A norm behind pooling.
  var hasPooledNorm = false

  /// Width of the hidden layer behind attention pooling; nil for models that do not pool so.
  var attentionPoolHidden: Int?

  /// The query of attention pooling is a tensor, and no FFN is behind it (AIMv2 of transformers).
  var poolsByQuery = false

  /// There is attention pooling.
  var hasAttentionPool: Bool { attentionPoolHidden != nil || poolsByQuery }

  /// Query, key and value have biases.
  var hasQKVBias = true

  /// Factor on `q k^T`; nil stands for `headWidth^-0.5`.
  var attentionScale: Float?

  /// Heads of attention pooling; nil stands for ``heads``.
  var poolHeads: Int?

  /// LayerNorm's epsilon.
  var epsilon: Float = 1e-6

  /// The epsilon of the batch norms of a convolutional stem, which no configuration tells: LV-ViT's
  /// code leaves it as PyTorch has it.
  static let stemEpsilon: Float = 1e-5

  /// Divides both residual branches (LV-ViT).
  var skipLambda: Float = 1

  /// LayerScale behind both branches.
  var hasLayerScale = false

  /// Every norm is RMSNorm, which has no bias.
  var hasRMSNorms = false

  /// A norm behind the patch embedding, before positions.
  var hasPatchNorm = false

  /// The activation of attention pooling where a graph tells it.
  var ownPoolActivation: Activation?

  /// The activation of attention pooling: timm's EVA has GELU there, whatever its blocks have.
  var poolActivation: Activation { ownPoolActivation ?? (family == .eva ? .gelu : activation) }

  /// The query of attention pooling is a tensor, and not a token with a layer.
  var hasPoolQuery = false

  /// There is a table of positions that is added to the tokens.
  var hasPositions = true

  /// How queries and keys are turned by their positions, if they are.
  var rotary: RotaryPositions?

  /// The tensor `rope.table` has cosines and sines of all positions.
  var rotaryTable: RotaryTable.Extents?

  /// The tensor `rope.freqs` has the frequencies of rotary positions; of so many heads.
  var frequencyHeads: Int?

  /// Where the relative position bias of attention comes from, if it has any.
  var relative: RelativePositions?

  /// Heads that these tables have.
  var tableHeads = 0

  /// The checkpoint has the entry of each two tokens too.
  var hasRelativeIndices = false

  /// The position table covers patch tokens only and is added before the class token is prepended.
  var hasPatchOnlyPositions = false

  /// Channels of LV-ViT's convolution stem.
  var stemChannels = 64

  /// LV-ViT's stem still has its batch norms; an exporter may have folded them into the convolutions.
  var hasStemNorms = true

  /// A class token, and nothing that DeiT has not but LayerScale and the place of positions.
  var isPlain: Bool {
    hasClassToken && registerTokens == 0 && !hasPreNorm && hasFinalNorm
      && !hasAttentionPool
      && projectionWidth == nil && !headReadsMean
      && hasPositions && frequencyHeads == nil && rotaryTable == nil && !isGated && !hasInnerNorm
      && !hasAttentionNorm
      && headNormWidth == nil && relative == nil && !hasRMSNorms && !hasPatchNorm
  }

  /// Whether tensors show the grid of patches.
  var showsGrid: Bool { hasPositions || relative?.showsGrid == true }

  var gridHeight: Int { imageHeight / patchHeight }
  var gridWidth: Int { imageWidth / patchWidth }

  /// The extents of a patch for people.
  var patchWords: String { ModelFacts.patchWords(height: patchHeight, width: patchWidth) }
  var patchTokens: Int { gridHeight * gridWidth }
  var headWidth: Int { heads > 0 ? embedDim / heads : 0 }

  /// Blocks, counted from 1, in which the papers select tokens; evenly by quarters of other depths.
  var selectionBlocks: [Int] {
    switch (family, depth) {
    case (.lvvit, 16): [5, 9, 13]
    case (_, 12): [4, 7, 10]
    default: (1...3).map { $0 * depth / 4 + 1 }.filter { $0 <= depth }
    }
  }
}
