internal import Tensors

/// Results without NaN and infinity.
enum FiniteLogits {
  /// What is wrong with the logits, or the `features`, of an image; nil if all are finite.
  static func problem(
    _ values: some Collection<Float>, _ file: String, areFeatures: Bool = false
  ) -> InputError? {
    for (index, value) in values.enumerated() where !value.isFinite {
      return InputError(
        file: file, field: areFeatures ? "features" : "logits", expected: "finite numbers",
        found: "\(value) \(areFeatures ? "as number" : "for class") \(index)")
    }
    return nil
  }

  /// The features, if all are finite.
  static func checked(_ features: [Float], _ file: String) -> Result<[Float], InputError> {
    problem(features, file, areFeatures: true).map { .failure($0) } ?? .success(features)
  }
}
