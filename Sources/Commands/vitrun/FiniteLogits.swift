internal import Tensors

/// Results without NaN and infinity.
enum FiniteLogits {
  /// What is wrong with the logits of an image; nil if all are finite.
  static func problem(_ logits: some Collection<Float>, _ file: String) -> InputError? {
    for (index, value) in logits.enumerated() where !value.isFinite {
      return InputError(
        file: file, field: "logits", expected: "finite numbers",
        found: "\(value) for class \(index)")
    }
    return nil
  }
}
