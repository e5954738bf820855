internal import ModelFacts

/// Reads an activation off traced terms: by what is computed, as there are many
/// ways to write each.
struct ActivationReader {
  let reader: TermReader

  /// The activation whose result is `view`, and what it is applied to.
  func read(_ view: TermView, _ name: String, depth: Int) throws(Mismatch)
    -> (Activation, TermView)
  {
    let known = Activation.allCases.filter { $0 != .none }.map(ActivationWords.word).joined(
      separator: ", ")
    let expected = "one of the activations \(known) behind \(name)"
    if reader.isWhole(view) {
      switch reader.terms[view.term].kind {
      case .activation(let kind, let input) where input.factor == 1: return (kind, input)
      case .function("Relu", let input) where input.factor == 1: return (.relu, input)
      case .function("Tanh", let input) where input.factor == 1: return (.tanh, input)
      default: break
      }
    }
    guard let gated = GatedFunction(of: view, reader), let input = gated.input else {
      throw Mismatch(term: view.term, expected: expected, depth: depth)
    }
    guard let activation = gated.activation else {
      throw Mismatch(
        term: view.term, expected: expected, depth: depth, found: gated.description)
    }
    return (activation, input)
  }
}
