/// Reads multi-head attention off traced terms.
struct AttentionReader {
  let reader: TermReader

  /// What attention reads and how.
  struct Found {
    /// The joint layer of query, key and value, or one for each.
    var layers: [TermReader.Layer]
    var heads: Int
    var scale: Double

    /// LayerNorm of every head's query and key.
    var headNorms: (query: TermReader.NormLayer, key: TermReader.NormLayer)?

    /// How queries and keys are turned.
    var rotary: RotaryReader.Found?

    /// What the scores have added, in that order.
    var biases: [Bias] = []

    /// The rows that all of them read.
    var input: TermView
  }

  /// A constant that scores have added.
  struct Bias: Hashable {
    /// `[heads, tokens, tokens]`.
    var literal: Literal
    var factor: Double
  }

  /// The attention whose heads, side by side, are `rows`.
  func read(_ rows: TermView, of block: String, depth: Int) throws(Mismatch) -> Found {
    let name = "attention of \(block)"
    func mismatch(_ term: Int, _ expected: String) -> Mismatch {
      Mismatch(term: term, expected: "\(expected) in \(name)", depth: depth)
    }
    let (heads, tokens, width) = try headsSideBySide(rows, name, depth: depth)
    let (query, key, value, scale): (TermView, TermView, TermView, Double)
    var biases: [Bias] = []
    switch reader.terms[rows.term].kind {
    case .attention(let q, let k, let v, let factor):
      (query, key, value, scale) = (q, k, v, factor * q.factor * k.factor)
    case .product(let probabilities, let v):
      var scores = try self.scores(probabilities, name)
      (scores, biases) = withoutBiases(scores, [heads, tokens, tokens])
      guard reader.isOrdered(scores), case .product(let q, let k) = reader.terms[scores.term].kind,
        let transposed = self.transposed(k, heads, tokens, width)
      else { throw mismatch(probabilities.term, "the softmax of query times key") }
      (query, key, value) = (q, transposed, v)
      scale = scores.factor * q.factor * k.factor
    default: throw mismatch(rows.term, "the product of probabilities and values")
    }
    guard value.factor == 1 else { throw mismatch(rows.term, "unscaled values") }
    var parts: [Part] = []
    for (view, name) in zip([query, key, value], ["queries", "keys", "values"]) {
      guard let apart = view.layout.reshaped([heads, tokens, width]) else {
        throw mismatch(view.term, "\(name) as \(heads) heads of \(width)")
      }
      parts.append(
        try part(
          TermView(term: view.term, layout: apart), "\(name) of \(block)", depth: depth,
          isValue: name == "values"))
    }
    let isJoint = Set(parts.map(\.view.term)).count == 1
    for (index, part) in parts.enumerated() {
      try check(
        part.view, heads, tokens, width, part: isJoint ? index : 0, of: isJoint ? 3 : 1,
        "\(["queries", "keys", "values"][index]) as \(heads) heads of \(width) in \(name)",
        depth: depth)
    }
    var layers: [TermReader.Layer] = []
    for part in isJoint ? [parts[0]] : parts {
      layers.append(
        try reader.linear(reader.whole(part.view.term), "attn.qkv of \(block)", depth: depth))
    }
    guard let first = layers.first, layers.allSatisfy({ reader.isSame($0.input, first.input) })
    else {
      throw mismatch(query.term, "query, key and value of the same rows")
    }
    var found = Found(layers: layers, heads: heads, scale: scale, input: first.input)
    let rotary = parts.map(\.rotary)
    guard (parts[0].norm == nil) == (parts[1].norm == nil),
      (rotary[0] == nil) == (rotary[1] == nil),
      rotary[0].flatMap({ own in rotary[1].map(own.isAlike) }) != false
    else {
      throw mismatch(query.term, "queries and keys normalised and turned alike")
    }
    if let query = parts[0].norm, let key = parts[1].norm { found.headNorms = (query, key) }
    (found.rotary, found.biases) = (parts[0].rotary, biases)
    return found
  }

  // MARK: - Parts

  /// Heads, tokens and width of a product whose heads, side by side, are `rows`.
  func headsSideBySide(
    _ rows: TermView, _ name: String, depth: Int
  ) throws(Mismatch) -> (heads: Int, tokens: Int, width: Int) {
    let shape = reader.terms[rows.term].shape
    let rank = shape.count
    guard rank >= 2, rows.factor == 1 else {
      throw Mismatch(
        term: rows.term, expected: "the product of probabilities and values in \(name)",
        depth: depth)
    }
    let (tokens, width) = (shape[rank - 2], shape[rank - 1])
    let heads = shape.dropLast(2).reduce(1, *)
    let expected = [[axis(tokens, width)], [axis(heads, tokens * width), axis(width, 1)]]
    guard rows.layout.withoutUnits == Layout(dimensions: expected).withoutUnits else {
      throw Mismatch(
        term: rows.term, expected: "the \(heads) heads side by side in \(name)", depth: depth)
    }
    return (heads, tokens, width)
  }

  /// What probabilities are the softmax of.
  func scores(_ probabilities: TermView, _ name: String) throws(Mismatch) -> TermView {
    guard
      case .softmax(let scores) = try reader.kind(probabilities, "the probabilities of \(name)"),
      reader.isOrdered(scores)
    else {
      throw Mismatch(
        term: probabilities.term, expected: "the softmax of query times key in \(name)", depth: 0)
    }
    return scores
  }

  /// Scores of `shape` and what they have added, the innermost first.
  private func withoutBiases(_ scores: TermView, _ shape: [Int]) -> (TermView, [Bias]) {
    var (rest, biases): (TermView, [Bias]) = (scores, [])
    while biases.count < Self.mostBiases, reader.isOrdered(rest),
      case .addConstant(var inner, var literal) = reader.terms[rest.term].kind,
      let layout = literal.layout.broadcast(to: reader.terms[rest.term].shape)?.reshaped(shape)
    {
      literal.layout = layout
      biases.append(Bias(literal: literal, factor: rest.factor))
      inner.factor *= rest.factor
      rest = inner
    }
    return (rest, biases.reversed())
  }

  /// A table of a block and one of all, and one to spare.
  private static let mostBiases = 3

  /// `[heads, width, tokens]` as `[heads, tokens, width]`.
  func transposed(_ keys: TermView, _ heads: Int, _ tokens: Int, _ width: Int) -> TermView? {
    keys.layout.reshaped([heads, width, tokens]).map {
      TermView(term: keys.term, layout: $0.transposed([0, 2, 1]))
    }
  }

  /// Heads of queries, keys or values as a layer makes them, and what is done to them in front of the products.
  struct Part {
    /// `[heads, tokens, width]` of the layer's result.
    var view: TermView
    var norm: TermReader.NormLayer?
    var rotary: RotaryReader.Found?
  }

  private func part(
    _ heads: TermView, _ name: String, depth: Int, isValue: Bool
  ) throws(Mismatch) -> Part {
    let heads = reader.behindJoints(heads)
    var part = Part(view: heads)
    guard !isValue else { return part }
    part.rotary = try RotaryReader(reader: reader).read(heads, name, depth: depth)
    if let rotary = part.rotary { part.view = rotary.source }
    guard let norm = reader.normIfThere(reader.whole(part.view.term)) else { return part }
    guard let width = heads.shape.last, norm.weight.isOneRow(of: width),
      part.view.layout.dimensions.last == [axis(width, 1)].filter({ $0.extent > 1 }),
      let inner = reader.look(through: part.view, at: norm.input), inner.factor == 1
    else {
      throw Mismatch(term: part.view.term, expected: "a norm of each head's \(name)", depth: depth)
    }
    (part.view, part.norm) = (inner, norm)
    return part
  }

  /// Throws unless a view is one of `parts` parts, side by side, of a layer's rows, head after head.
  func check(
    _ view: TermView, _ heads: Int, _ tokens: Int, _ width: Int, part: Int, of parts: Int,
    _ expected: String, depth: Int
  ) throws(Mismatch) {
    let stride = parts * heads * width
    let layout = Layout(
      offset: part * heads * width,
      dimensions: [[axis(heads, width)], [axis(tokens, stride)], [axis(width, 1)]])
    guard view.layout.withoutUnits == layout.withoutUnits, view.factor == 1,
      reader.terms[view.term].shape.reduce(1, *) == tokens * stride
    else { throw Mismatch(term: view.term, expected: expected, depth: depth) }
  }

  private func axis(_ extent: Int, _ stride: Int) -> Layout.Axis {
    Layout.Axis(extent: extent, stride: stride)
  }
}
