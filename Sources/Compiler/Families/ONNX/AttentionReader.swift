/// Reads multi-head attention off traced terms.
struct AttentionReader {
  let reader: TermReader

  /// What attention reads and how.
  struct Found {
    /// The joint layer of query, key and value, or one for each.
    var layers: [TermReader.Layer]
    var heads: Int
    var scale: Double

    /// The rows that all of them read.
    var input: TermView
  }

  /// The attention whose heads, side by side, are `rows`.
  func read(_ rows: TermView, of block: String, depth: Int) throws(Mismatch) -> Found {
    let name = "attention of \(block)"
    func mismatch(_ term: Int, _ expected: String) -> Mismatch {
      Mismatch(term: term, expected: "\(expected) in \(name)", depth: depth)
    }
    let term = reader.terms[rows.term]
    let rank = term.shape.count
    guard rank >= 2, rows.factor == 1 else {
      throw mismatch(rows.term, "the product of probabilities and values")
    }
    let (tokens, width) = (term.shape[rank - 2], term.shape[rank - 1])
    let heads = term.shape.dropLast(2).reduce(1, *)
    let expected = [[axis(tokens, width)], [axis(heads, tokens * width), axis(width, 1)]]
    guard rows.layout.withoutUnits == Layout(dimensions: expected).withoutUnits else {
      throw mismatch(rows.term, "the \(heads) heads side by side")
    }
    let (query, key, value, scale): (TermView, TermView, TermView, Double)
    let isKeyTransposed: Bool
    switch term.kind {
    case .attention(let q, let k, let v, let factor):
      (query, key, value, scale) = (q, k, v, factor * q.factor * k.factor)
      isKeyTransposed = false
    case .product(let probabilities, let v):
      guard
        case .softmax(let scores) = try reader.kind(probabilities, "the probabilities of \(name)"),
        reader.isOrdered(scores), case .product(let q, let k) = reader.terms[scores.term].kind
      else { throw mismatch(probabilities.term, "the softmax of query times key") }
      (query, key, value, scale) = (q, k, v, scores.factor * q.factor * k.factor)
      isKeyTransposed = true
    default: throw mismatch(rows.term, "the product of probabilities and values")
    }
    guard value.factor == 1 else { throw mismatch(rows.term, "unscaled values") }
    let isJoint = query.term == key.term && key.term == value.term
    let step = isJoint ? heads * width : 0
    let stride = isJoint ? 3 * heads * width : heads * width
    for (index, part) in [query, key, value].enumerated() {
      let perHead =
        index == 1 && isKeyTransposed
        ? [[axis(width, 1)], [axis(tokens, stride)]] : [[axis(tokens, stride)], [axis(width, 1)]]
      let layout = Layout(offset: index * step, dimensions: [[axis(heads, width)]] + perHead)
      guard part.layout.withoutUnits == layout.withoutUnits,
        reader.terms[part.term].shape.reduce(1, *) == tokens * stride
      else {
        throw mismatch(
          part.term, "\(["queries", "keys", "values"][index]) as \(heads) heads of \(width)")
      }
    }
    var layers: [TermReader.Layer] = []
    for part in isJoint ? [query] : [query, key, value] {
      layers.append(
        try reader.linear(reader.whole(part.term), "attn.qkv of \(block)", depth: depth))
    }
    guard let first = layers.first, layers.allSatisfy({ reader.isSame($0.input, first.input) })
    else {
      throw mismatch(query.term, "query, key and value of the same rows")
    }
    return Found(layers: layers, heads: heads, scale: scale, input: first.input)
  }

  private func axis(_ extent: Int, _ stride: Int) -> Layout.Axis {
    Layout.Axis(extent: extent, stride: stride)
  }
}
