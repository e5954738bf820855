internal import ModelFacts

/// Reads attention pooling off traced terms: attention of one query that is the same for every image, with an FFN
/// behind it or without.
struct AttentionPoolReader {
  let reader: TermReader

  /// The parts of `y = proj(attention(query, kv(x)))`, or of `y + mlp(norm(y))` (SigLIP).
  struct Found {
    /// Every head's query, one head after the other.
    var query: Literal

    /// What the query is to be multiplied by, so that scores have the usual scale `headWidth^-0.5`.
    var queryFactor: Double
    var heads: Int

    /// The joint layer of keys and values, or one for each.
    var layers: [TermReader.Layer]
    var projection: TermReader.Layer
    var feedForward: FeedForward?

    /// The rows that are pooled.
    var input: TermView
  }

  /// What is added to the result of attention.
  struct FeedForward {
    var norm: TermReader.NormLayer
    var hidden: TermReader.Layer
    var activation: Activation
    var last: TermReader.Layer
  }

  /// The pooling whose result is `attended`, a layer's (AIMv2); nil for anything else.
  func read(_ attended: TermView) throws(Mismatch) -> Found? {
    let layer: TermReader.Layer
    do throws(Mismatch) { layer = try reader.linear(attended, "") } catch { return nil }
    var projection = layer
    // transformers takes the mean of the one row.
    if reader.isOrdered(layer.input),
      case .mean(let row) = reader.terms[layer.input.term].kind, row.shape.last == 1
    {
      projection.input = row
      projection.input.factor *= layer.input.factor
    }
    let rows = reader.terms[projection.input.term]
    guard case .product = rows.kind, rows.shape.count >= 2, rows.shape[rows.shape.count - 2] == 1
    else { return nil }
    return try attention(in: projection)
  }

  /// The pooling whose result is the sum of `attended` and `branch`.
  func read(_ attended: TermView, _ branch: TermView) throws(Mismatch) -> Found {
    let last = try reader.linear(branch, "attn_pool.mlp.fc2", depth: 1)
    let (activation, activated) = try ActivationReader(reader: reader).read(
      last.input, "attn_pool.mlp.fc1", depth: 2)
    let hidden = try reader.linear(activated, "attn_pool.mlp.fc1", depth: 3)
    let norm = try reader.norm(hidden.input, "attn_pool.norm", depth: 4)
    guard reader.isSame(norm.input, attended) else {
      throw Mismatch(
        term: norm.input.term, expected: "what attn_pool.proj makes in front of attn_pool.norm",
        depth: 5)
    }
    var found = try attention(in: try reader.linear(attended, "attn_pool.proj", depth: 6))
    found.feedForward = FeedForward(norm: norm, hidden: hidden, activation: activation, last: last)
    return found
  }

  /// The attention whose heads a layer reads.
  private func attention(in projection: TermReader.Layer) throws(Mismatch) -> Found {
    let attention = AttentionReader(reader: reader)
    let name = "attn_pool"
    func mismatch(_ term: Int, _ expected: String) -> Mismatch {
      Mismatch(term: term, expected: "\(expected) in \(name)", depth: 7)
    }
    let rows = projection.input
    let (heads, queries, width) = try attention.headsSideBySide(rows, name, depth: 7)
    guard queries == 1, case .product(let probabilities, let values) = reader.terms[rows.term].kind
    else { throw mismatch(rows.term, "the product of one query's probabilities and values") }
    let scores = try attention.scores(probabilities, name)
    guard case .weighted(let query, let products) = reader.terms[scores.term].kind,
      query.layout.elementCount == heads * width, values.factor == 1,
      values.layout.elementCount % (heads * width) == 0
    else { throw mismatch(probabilities.term, "the softmax of a constant query times keys") }
    let tokens = values.layout.elementCount / (heads * width)
    guard let keys = attention.transposed(products, heads, tokens, width),
      let apart = values.layout.reshaped([heads, tokens, width])
    else { throw mismatch(rows.term, "keys and values as \(heads) heads of \(width)") }
    let parts = [keys, TermView(term: values.term, layout: apart)]
    let isJoint = keys.term == values.term
    for (index, part) in parts.enumerated() {
      try attention.check(
        part, heads, tokens, width, part: isJoint ? index : 0, of: isJoint ? 2 : 1,
        "\(["keys", "values"][index]) as \(heads) heads of \(width) in \(name)", depth: 8)
    }
    var layers: [TermReader.Layer] = []
    for part in isJoint ? [parts[0]] : parts {
      layers.append(try reader.linear(reader.whole(part.term), "attn_pool.kv", depth: 9))
    }
    guard let first = layers.first, layers.allSatisfy({ $0.input == first.input }) else {
      throw mismatch(values.term, "keys and values of the same rows")
    }
    let usual = 1 / Double(width).squareRoot()
    let factor = scores.factor * products.factor / usual
    return Found(
      query: query, queryFactor: reader.isClose(factor, 1) ? 1 : factor, heads: heads,
      layers: layers, projection: projection, input: first.input)
  }
}
