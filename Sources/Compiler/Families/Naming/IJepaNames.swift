/// The names of transformers' I-JEPA: a ViT's without a class token.
enum IJepaNames: NamingScheme {
  static let title = HuggingFaceNames.title
  static let anchors = [
    "ijepa.embeddings.position_embeddings", "embeddings.position_embeddings",
  ]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    try HuggingFaceNames.translate(tensors, file: file)
  }
}
