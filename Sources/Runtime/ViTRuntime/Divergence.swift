internal import CLibrary

/// How far the probabilities of one model are from those of another.
package enum Divergence {
  /// `KL(p || q) = sum of p log(p / q)` in nats, with `p` and `q` the softmax of `[classes]` logits each, as many.
  package static func softmax(_ reference: [Float], _ logits: [Float]) -> Double {
    precondition(reference.count == logits.count, "as many classes")
    return zip(logProbabilities(reference), logProbabilities(logits)).reduce(0) {
      $0 + exp($1.0) * ($1.0 - $1.1)
    }
  }

  private static func logProbabilities(_ logits: [Float]) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let total = logits.reduce(0) { $0 + exp(Double($1) - largest) }
    return logits.map { Double($0) - largest - log(total) }
  }
}
