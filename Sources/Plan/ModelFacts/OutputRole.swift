internal import Records

/// What a model is run for. A model has each at most once.
package enum OutputRole: UInt8, Choice, Hashable {
  /// A score of each class, `[1, classes]`.
  case logits = 0

  /// The pooled embedding, `[1, width]`.
  case features = 1

  /// The rows of all tokens behind the last norm, `[tokens, width]`, prefix first.
  case tokens = 2

  /// Whether it is one row.
  package var isOneRow: Bool {
    switch self {
    case .logits, .features: true
    case .tokens: false
    }
  }
}
