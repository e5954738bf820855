internal import ModelFacts

/// Reads what a graph does with its logits off traced terms: nothing, a softmax or a sigmoid.
struct EndingReader {
  let reader: TermReader

  /// The logits, and what turns them into the graph's result.
  struct Found {
    var logits: TermView

    /// nil where the logits are the result.
    var scores: ModelFacts.Scores?

    /// The last operator, for people.
    var word = ""
  }

  /// Takes apart what `output` is.
  func read(_ output: TermView) -> Found {
    guard reader.isWhole(output) else { return Found(logits: output) }
    switch reader.terms[output.term].kind {
    case .softmax(let logits) where isRow(logits):
      return Found(logits: logits, scores: .softmax, word: "softmax")
    // The softmax of it is that of its operand.
    case .logSoftmax(let logits) where isRow(logits):
      return Found(logits: logits, scores: .softmax, word: "log-softmax")
    case .function("Log", let probabilities) where reader.isWhole(probabilities):
      guard case .softmax(let logits) = reader.terms[probabilities.term].kind, isRow(logits) else {
        break
      }
      return Found(logits: logits, scores: .softmax, word: "log-softmax")
    case .function("Sigmoid", let logits) where reader.isOrdered(logits):
      return Found(logits: logits, scores: .sigmoid, word: "sigmoid")
    default: break
    }
    return Found(logits: output)
  }

  /// Whether a view is all of its term in order, along the last axis.
  private func isRow(_ view: TermView) -> Bool {
    reader.isOrdered(view) && view.shape.last == view.layout.elementCount
  }
}
