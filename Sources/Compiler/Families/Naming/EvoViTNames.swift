internal import Tensors

/// The names of Evo-ViT's own code for DeiT: parts of a block lie in lists of their own. Its head reads the mean of the
/// patch tokens, which is normalised behind pooling.
enum EvoViTNames: NamingScheme {
  static let title = "Evo-ViT"
  static let anchors = [sign]

  /// A tensor that no other model has.
  static let sign = "qks.0.qk.weight"

  /// What only training reads: a head on the class token.
  private static let unread = ["norm_cls.", "head_cls."]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    var renamed = RenamedTensors(file: file)
    for (name, tensor) in tensors where !unread.contains(where: name.hasPrefix) {
      try renamed.add(tensor, as: self.renamed(name))
    }
    var parts = renamed.tensors
    for name in parts.keys.sorted() where name.contains(queriesAndKeys) {
      let values = name.replacing(queriesAndKeys, with: ".attn.v.")
      guard let first = parts.removeValue(forKey: name),
        let second = parts.removeValue(forKey: values),
        first.shape.rank > 0, first.shape[0] == 2 * second.shape[0],
        let joined = NamedTensor.concatenated([first, second])
      else {
        throw InputError(
          file: file, field: tensors[name]?.origin ?? name,
          expected: "queries and keys, and values beside them of half as many rows",
          found: "\(tensors[name].map { "\($0.shape)" } ?? "other shapes")")
      }
      parts[name.replacing(queriesAndKeys, with: ".attn.qkv.")] = joined
    }
    var model = try TimmNames.translate(parts, file: file)
    model.hints.family = .deit
    model.hints.pooling = .init(value: .avg, source: "Evo-ViT's code, whose names the tensors have")
    return model
  }

  private static let queriesAndKeys = ".attn.qk."

  /// DeiT's name, but for the parts of `attn.qkv`.
  private static func renamed(_ name: String) -> String {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    switch (parts.first, parts.count) {
    case ("norms", 3): return "blocks.\(parts[1]).norm1.\(parts[2])"
    case ("projs", 3): return "blocks.\(parts[1]).attn.proj.\(parts[2])"
    case ("qks", 4) where parts[2] == "qk": return "blocks.\(parts[1]).attn.qk.\(parts[3])"
    case ("vs", 4) where parts[2] == "v": return "blocks.\(parts[1]).attn.v.\(parts[3])"
    case ("norm", 2): return "fc_norm.\(parts[1])"
    default: return name
    }
  }
}
