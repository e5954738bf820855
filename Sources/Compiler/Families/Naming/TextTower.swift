internal import CLibrary
internal import ModelFacts
internal import Tensors

/// What lies beside the vision tower of a model of images and texts: the text's tower, which is not read, and what
/// makes scores of the product of both.
enum TextTower {
  /// How names of such a vision tower begin.
  private static let visions = ["visual.", "vision_model.", "params/img/"]

  private static let prefixes = [
    "text_model.", "text.", "params/txt/", "transformer.resblocks.", "token_embedding.",
    "ln_final.",
    "text_projection.",
  ]

  private static let names: Set<String> = ["positional_embedding", "text_projection", "attn_mask"]

  /// Takes the text's tower out of the tensors.
  /// - Returns: how features are compared with those of texts, if the file has it.
  /// - Throws: `InputError` for a scale or a bias that is no finite number.
  static func remove(
    from tensors: inout [String: NamedTensor], file: String
  ) throws -> TextComparison? {
    guard tensors.keys.contains(where: { name in visions.contains { name.hasPrefix($0) } }) else {
      return nil
    }
    tensors = tensors.filter { name, _ in
      !names.contains(name) && !prefixes.contains { name.hasPrefix($0) }
    }
    // big_vision has a letter for each.
    let scale = try number("logit_scale", &tensors, file) ?? number("params/t", &tensors, file)
    let bias = try number("logit_bias", &tensors, file) ?? number("params/b", &tensors, file)
    guard let scale else {
      guard bias == nil else {
        throw InputError(
          file: file, field: "logit_bias", expected: "logit_scale beside it", found: "none")
      }
      return nil
    }
    let factor = exp(scale)
    guard factor.isFinite, factor > 0 else {
      throw InputError(
        file: file, field: "logit_scale", expected: "the logarithm of a positive number",
        found: "\(scale)")
    }
    return TextComparison(scale: factor, bias: bias)
  }

  private static func number(
    _ name: String, _ tensors: inout [String: NamedTensor], _ file: String
  ) throws -> Float? {
    guard let tensor = tensors.removeValue(forKey: name) else { return nil }
    guard tensor.shape.elementCount == 1, tensor.dtype.isFloatingPoint,
      let value = try tensor.values().first, value.isFinite
    else {
      throw InputError(
        file: file, field: name, expected: "one finite number", found: "\(tensor.shape)")
    }
    return value
  }
}
