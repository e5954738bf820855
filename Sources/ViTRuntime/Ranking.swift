internal import Glibc

/// Probabilities of logits, highest first; ties go to the lower class.
public struct Ranking: Sendable {
  /// Classes and their probabilities, the softmax of the logits.
  public let top: [(index: Int, probability: Double)]

  /// The `count` most probable classes of `[classes]` logits.
  public init(_ logits: [Float], count: Int) {
    let largest = Double(logits.max() ?? 0)
    let weights = logits.map { exp(Double($0) - largest) }
    let total = weights.reduce(0, +)
    let order = logits.indices.sorted {
      logits[$0] == logits[$1] ? $0 < $1 : logits[$0] > logits[$1]
    }
    top = order.prefix(max(0, count)).map { ($0, weights[$0] / total) }
  }
}
