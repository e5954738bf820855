internal import Checkpoints
internal import Tensors

/// ONNX's own attention.
extension Tracer {
  /// Of queries, keys and values `[batch, heads, tokens, headWidth]`, of which the queries may be the same for every image,
  /// and with constants that are added to the scores.
  mutating func traceAttention(_ node: ONNXNode) throws {
    let mask = try literal(3)
    guard node.qualifiedOperation == "Attention",
      try (4..<6).allSatisfy({ try operand($0) == nil }),
      try integer("is_causal", default: 0) == 0, try float("softcap", default: 0) == 0,
      mask?.storage.dtype != .bool
    else {
      throw fail(
        "attention of query, key and value, with numbers that are added to the scores or without",
        "\(node.qualifiedOperation) with others")
    }
    if mask == nil, case .data(let query) = try required(0) { return try tracePlain(query, node) }
    var keys = try data(1)
    let values = try data(2)
    let query = try required(0)
    guard query.shape.count == 4, keys.shape.count == 4, values.shape == keys.shape,
      let width = query.shape.last
    else { throw unlike(node) }
    keys.layout = keys.layout.transposed([0, 1, 3, 2])
    keys.factor *= try node.float("scale").map { Double($0) } ?? 1 / Double(width).squareRoot()
    var scores: TermView
    switch query {
    case .data(let rows):
      guard rows.shape == values.shape else { throw unlike(node) }
      let shape = rows.shape.dropLast() + [keys.shape[3]]
      scores = try term(.product(rows, keys), shape: Array(shape))
    case .constant(let rows): scores = try weighted(rows, keys)
    }
    if let mask { scores = try applied("Add", scores, mask) }
    let shares = try term(.softmax(scores), shape: scores.shape)
    let shape = scores.shape.dropLast() + [width]
    try set(.data(try term(.product(shares, values), shape: Array(shape))))
  }

  private mutating func tracePlain(_ query: TermView, _ node: ONNXNode) throws {
    let (keys, values) = (try data(1), try data(2))
    guard query.shape.count == 4, keys.shape == query.shape, values.shape == query.shape else {
      throw unlike(node)
    }
    let scale =
      try node.float("scale").map { Double($0) } ?? 1 / Double(query.shape[3]).squareRoot()
    try set(
      .data(
        try term(
          .attention(query: query, key: keys, value: values, scale: scale), shape: query.shape)))
  }

  private func unlike(_ node: ONNXNode) -> InputError {
    fail(
      "plain attention of query, key and value [batch, heads, tokens, width]",
      node.qualifiedOperation)
  }
}
