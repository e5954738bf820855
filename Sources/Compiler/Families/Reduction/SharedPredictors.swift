internal import ModelGraph

/// The layers that all heads of an SP-ViT predictor share. Its authors' code saves them under each head's number; a
/// copy of its checkpoint may have lost all numbers but one.
enum SharedPredictors {
  /// The tensor that tells SP-ViT, `[heads / 2, heads]`.
  static let sign = "\(MethodConstants.predictors)0.senet.0.weight"

  /// The heads of the predictors; nil where their tensor has another form.
  static func heads(_ tensors: TensorSet) -> Int? {
    tensors.shape(sign).flatMap { $0.count == 2 && (2...1024).contains($0[1]) ? $0[1] : nil }
  }

  /// Leaves one of each layer's copies, under the first head's number, and says how many heads there are.
  /// - Throws: `InputError` if copies differ.
  static func join(in tensors: inout TensorSet) throws {
    guard let heads = heads(tensors) else { return }
    let copies = Dictionary(
      grouping: tensors.tensors.keys.compactMap { copy($0, heads) }, by: \.name)
    for (name, copies) in copies.sorted(by: { $0.key < $1.key }) {
      try tensors.join(copies.sorted { $0.head < $1.head }.map(\.own), as: name)
    }
    tensors.tellHeads(heads, source: "the tensor \(sign)")
  }

  /// The head whose copy a tensor is, and the name of the first head's; nil for another tensor.
  private static func copy(_ own: String, _ heads: Int) -> (own: String, head: Int, name: String)? {
    var parts = own.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard own.hasPrefix(MethodConstants.predictors), parts.count == 6,
      ["in_conv", "out_conv"].contains(parts[2]), let head = Int(parts[3]),
      String(head) == parts[3], (0..<heads).contains(head)
    else { return nil }
    parts[3] = "0"
    return (own, head, parts.joined(separator: "."))
  }
}
