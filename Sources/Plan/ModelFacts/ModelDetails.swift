package import Records

/// What is known of some models besides their facts; a plan of any other model does not have it.
package struct ModelDetails: Record, Equatable {
  /// The first token is a class token. Without one, a token's importance is what all tokens attend to it.
  package var hasClassToken = true

  /// How features are compared with those of texts, where the checkpoint tells it.
  package var textComparison: TextComparison?

  /// A model with a class token, and nothing said of texts.
  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("class_token", &hasClassToken)
    try coder.code("text_comparison", optional: &textComparison)
  }
}

/// What makes a score of the cosine between the features of an image and of a text: `scale * cosine + bias`.
package struct TextComparison: Record, Equatable {
  /// The exponential of CLIP's and SigLIP's parameter `logit_scale`; above 0.
  package var scale: Float = 1

  /// SigLIP's `logit_bias`; 0 for CLIP, which has none.
  package var bias: Float = 0

  /// Whether each text's score makes a probability by itself, by the logistic function (SigLIP); else they do
  /// together, by softmax (CLIP).
  package var isSigmoid = false

  package init() {}

  /// CLIP's without a bias, SigLIP's with one.
  package init(scale: Float, bias: Float?) {
    (self.scale, self.bias, isSigmoid) = (scale, bias ?? 0, bias != nil)
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("scale", &scale)
    try coder.code("bias", &bias)
    try coder.code("sigmoid", &isSigmoid)
  }
}
