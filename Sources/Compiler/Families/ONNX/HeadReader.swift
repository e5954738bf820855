/// Reads the classifier off traced terms.
struct HeadReader {
  let reader: TermReader

  /// The classifier's parts.
  struct Found {
    var head: TermReader.Layer

    /// The distillation token's classifier.
    var second: TermReader.Layer?

    /// LV-ViT's classifier of patches.
    var auxiliary: TermReader.Layer?
    var norm: TermReader.NormLayer
  }

  /// Reads the classifier that makes `logits`.
  func read(_ logits: TermView) throws(Mismatch) -> Found {
    let failure = Mismatch(
      term: logits.term,
      expected: "a linear classifier of the class token, DeiT's mean of two, or LV-ViT's sum "
        + "with half a maximum", depth: 0)
    guard reader.isOrdered(logits) else { throw failure }
    var head: TermReader.Layer
    var (second, auxiliary): (TermReader.Layer?, TermReader.Layer?)
    if case .add(let a, let b) = reader.terms[logits.term].kind {
      guard reader.isOrdered(a), reader.isOrdered(b) else { throw failure }
      let factors = [a, b].map { $0.factor * logits.factor }
      let kinds = [a, b].map { reader.terms[$0.term].kind }
      if let index = kinds.firstIndex(where: { if case .maximum = $0 { true } else { false } }),
        case .maximum(let scores) = kinds[index]
      {
        guard reader.isClose(factors[index], 0.5), reader.isClose(factors[1 - index], 1) else {
          throw failure
        }
        head = try reader.linear(reader.whole([a, b][1 - index].term), "head")
        auxiliary = try reader.linear(scores, "aux_head")
      } else {
        guard factors.allSatisfy({ reader.isClose($0, 0.5) }) else { throw failure }
        let layers = [
          try reader.linear(reader.whole(a.term), "head"),
          try reader.linear(reader.whole(b.term), "head_dist"),
        ].sorted { $0.input.layout.offset < $1.input.layout.offset }
        (head, second) = (layers[0], layers[1])
      }
    } else {
      guard logits.factor == 1 else { throw failure }
      head = try reader.linear(logits, "head")
    }
    let normed = head.input.term
    let norm = try reader.norm(reader.whole(normed), "norm")
    let width = norm.weight.layout.elementCount
    let tokens = reader.terms[normed].shape.reduce(1, *) / max(width, 1)
    try check(head.input, normed, from: 0, count: 1, width, "head")
    if let second { try check(second.input, normed, from: 1, count: 1, width, "head_dist") }
    if let auxiliary {
      try check(auxiliary.input, normed, from: 1, count: tokens - 1, width, "aux_head")
    }
    return Found(head: head, second: second, auxiliary: auxiliary, norm: norm)
  }

  /// Throws unless a classifier reads those rows of the norm.
  private func check(
    _ input: TermView, _ normed: Int, from first: Int, count: Int, _ width: Int, _ name: String
  ) throws(Mismatch) {
    let expected = Layout(
      offset: first * width,
      dimensions: [
        [Layout.Axis(extent: count, stride: width)], [Layout.Axis(extent: width, stride: 1)],
      ])
    guard input.term == normed, input.factor == 1, count > 0,
      input.layout.withoutUnits == expected.withoutUnits
    else {
      throw Mismatch(
        term: input.term, expected: "\(name) of \(count) rows of the last norm from row \(first)",
        depth: 0)
    }
  }
}
