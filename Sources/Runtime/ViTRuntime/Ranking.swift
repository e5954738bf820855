internal import CLibrary
public import PlanRuntime

/// Probabilities of logits, highest first; ties go to the lower class.
public struct Ranking: Sendable {
  /// Classes and their probabilities. Both functions leave the order of the logits as it is.
  public let top: [(index: Int, probability: Double)]

  /// The `count` most probable classes of `[classes]` logits; ``Plan/scores`` says what makes
  /// probabilities of a model's logits.
  public init(_ logits: [Float], by scores: Plan.Scores, count: Int) {
    let probabilities = Self.probabilities(logits, by: scores)
    let order = logits.indices.sorted {
      logits[$0] == logits[$1] ? $0 < $1 : logits[$0] > logits[$1]
    }
    top = order.prefix(max(0, count)).map { ($0, probabilities[$0]) }
  }

  /// How sure `[classes]` logits are: the difference of the two largest probabilities by softmax, 0 to 1; of
  /// one class 1. Of finite logits only.
  public static func margin(of logits: [Float]) -> Double {
    var (first, second) = (0.0, 0.0)
    for probability in probabilities(logits, by: .softmax) {
      if probability > first {
        (first, second) = (probability, first)
      } else if probability > second {
        second = probability
      }
    }
    return first - second
  }

  private static func probabilities(_ logits: [Float], by scores: Plan.Scores) -> [Double] {
    switch scores {
    case .softmax:
      let largest = Double(logits.max() ?? 0)
      let weights = logits.map { exp(Double($0) - largest) }
      let total = weights.reduce(0, +)
      return weights.map { $0 / total }
    case .sigmoid: return logits.map { 1 / (1 + exp(-Double($0))) }
    }
  }
}
