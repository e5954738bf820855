internal import ModelFacts

/// Reads an FFN up to its last layer off traced terms: a layer and an activation, or gates and values.
struct FeedForwardReader {
  let reader: TermReader

  /// What the last layer reads: `norm(activation(fc1(x)))`, or `norm(activation(gates(x)) * values(x))`.
  struct Found {
    /// The first layer; of gates and values that have layers of their own, both.
    var layers: [TermReader.Layer]
    var activation: Activation

    /// Of gates and values: whether the gates are the second half of the one layer. nil without gates.
    var hasGatesLast: Bool?
    var norm: TermReader.NormLayer?

    /// The rows that the first layer reads.
    var input: TermView
  }

  /// The FFN whose last layer reads `rows`.
  func read(_ rows: TermView, of block: String, depth: Int) throws(Mismatch) -> Found {
    let norm = reader.normIfThere(rows)
    let rest = norm?.input ?? rows
    if let gated = try gated(rest, norm, of: block, depth: depth) { return gated }
    let (activation, activated) = try ActivationReader(reader: reader).read(
      rest, "mlp.fc1 of \(block)", depth: depth)
    let layer = try reader.linear(activated, "mlp.fc1 of \(block)", depth: depth + 1)
    return Found(layers: [layer], activation: activation, norm: norm, input: layer.input)
  }

  /// The product of activated gates and values; nil for other products.
  private func gated(
    _ view: TermView, _ norm: TermReader.NormLayer?, of block: String, depth: Int
  ) throws(Mismatch) -> Found? {
    guard reader.isWhole(view), case .multiply(let a, let b) = reader.terms[view.term].kind,
      a.shape == b.shape
    else { return nil }
    for (activated, values) in [(a, b), (b, a)] {
      guard let (activation, gates) = activation(activated), values.factor == 1,
        gates != values
      else { continue }
      let name = "gates and values of mlp.fc1 of \(block)"
      guard gates.term != values.term else {
        let layer = try reader.linear(reader.whole(gates.term), name, depth: depth + 1)
        let isLast = gates.layout.offset > values.layout.offset
        guard half(gates, isLast ? 1 : 0), half(values, isLast ? 0 : 1) else {
          throw Mismatch(
            term: gates.term, expected: "\(name) as the halves of one layer", depth: depth + 1)
        }
        return Found(
          layers: [layer], activation: activation, hasGatesLast: isLast, norm: norm,
          input: layer.input)
      }
      let layers = [
        try reader.linear(gates, name, depth: depth + 1),
        try reader.linear(values, name, depth: depth + 1),
      ]
      guard layers[0].input == layers[1].input else {
        throw Mismatch(
          term: gates.term, expected: "\(name) of the same rows", depth: depth + 1)
      }
      return Found(
        layers: layers, activation: activation, hasGatesLast: false, norm: norm,
        input: layers[0].input)
    }
    return nil
  }

  /// The activation that a view is, and of what; nil if it is none.
  private func activation(_ view: TermView) -> (Activation, TermView)? {
    do throws(Mismatch) {
      return try ActivationReader(reader: reader).read(view, "", depth: 0)
    } catch { return nil }
  }

  /// Whether a view is the first or second half of each row of a term.
  private func half(_ view: TermView, _ index: Int) -> Bool {
    let shape = reader.terms[view.term].shape
    guard let width = shape.last, width % 2 == 0, view.factor == 1 else { return false }
    let count = shape.dropLast().reduce(1, *)
    let expected = Layout(
      offset: index * width / 2,
      dimensions: [
        [Layout.Axis(extent: count, stride: width)], [Layout.Axis(extent: width / 2, stride: 1)],
      ])
    return view.layout.withoutUnits == expected.withoutUnits
  }
}
