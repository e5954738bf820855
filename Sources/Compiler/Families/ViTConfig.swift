internal import ModelFacts

/// Everything about a ViT that its graph depends on, apart from the weights themselves.
package struct ViTConfig: Sendable, Equatable {
  /// The families whose graphs differ.
  package enum Family: String, Sendable {
    case vit = "ViT"
    case deit = "DeiT"
    case deit3 = "DeiT-III"
    case lvvit = "LV-ViT"
  }

  var family = Family.deit
  var imageHeight = 224
  var imageWidth = 224
  var patchSize = 16

  /// D: the elements of a row.
  var embedDim = 0

  /// Number of blocks.
  var depth = 0

  /// H.
  var heads = 0

  /// Width of the FFN's hidden layer.
  var hiddenDim = 0

  /// Between the FFN's two layers.
  var activation = Activation.gelu

  /// Without a classifier the model has features in place of logits.
  var classes = 0

  /// What the classifier or the features are made of.
  var pooling = Pooling.token

  /// Width of the linear layer that transformers' models without a classifier have behind pooling.
  var poolerWidth: Int?

  /// Behind that layer.
  var poolerActivation = Activation.tanh

  /// Features are the mean of class and distillation token, as timm's distilled models have it.
  var averagesDistillation = false

  /// P: class token, and a distillation token in distilled models.
  var prefixTokens = 1

  /// The distillation token has a classifier of its own, and both are averaged.
  var hasSecondHead = false

  /// Query, key and value have biases.
  var hasQKVBias = true

  /// Factor on `q k^T`; nil stands for `headWidth^-0.5`.
  var attentionScale: Float?

  /// LayerNorm's epsilon.
  var epsilon: Float = 1e-6

  /// The epsilon of the batch norms of a convolutional stem, which no configuration tells: LV-ViT's
  /// code leaves it as PyTorch has it.
  static let stemEpsilon: Float = 1e-5

  /// Divides both residual branches (LV-ViT).
  var skipLambda: Float = 1

  /// LayerScale behind both branches.
  var hasLayerScale = false

  /// The position table covers patch tokens only and is added before the class token is prepended.
  var hasPatchOnlyPositions = false

  /// Channels of LV-ViT's convolution stem.
  var stemChannels = 64

  /// LV-ViT's stem still has its batch norms; an exporter may have folded them into the convolutions.
  var hasStemNorms = true

  var gridHeight: Int { imageHeight / patchSize }
  var gridWidth: Int { imageWidth / patchSize }
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
