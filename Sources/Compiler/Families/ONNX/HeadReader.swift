internal import ModelFacts

/// Reads off traced terms what is made of the tokens behind the blocks: logits or features.
struct HeadReader {
  let reader: TermReader

  /// The parts behind the blocks.
  struct Found {
    /// The classifier.
    var head: TermReader.Layer?

    /// The distillation token's classifier.
    var second: TermReader.Layer?

    /// LV-ViT's classifier of patches.
    var auxiliary: TermReader.Layer?

    /// The layer without bias that makes features (CLIP).
    var projection: TermReader.Layer?

    /// The layer that makes features with the activation behind it (transformers).
    var pooler: (layer: TermReader.Layer, activation: Activation)?

    /// Features are the mean of the first two rows.
    var averagesTwo = false

    /// The classifier reads the first row and the mean of others, one behind the other.
    var readsMean = false

    /// What one row is made of.
    var pool: PoolReader.Found
  }

  private func mismatch(_ view: TermView) -> Mismatch {
    Mismatch(
      term: view.term,
      expected: "a linear classifier of one row, DeiT's mean of two, LV-ViT's sum with half a "
        + "maximum, or features: one row of the tokens, with a layer behind it or without",
      depth: 0)
  }

  /// Reads the head whose result is `output`.
  ///
  /// - Parameter isFeatures: a layer without bias, or with an activation behind it, makes features of a row.
  func read(_ output: TermView, isFeatures: Bool) throws(Mismatch) -> Found {
    guard reader.isOrdered(output) else { return Found(pool: try row(output)) }
    if case .add(let a, let b) = reader.terms[output.term].kind,
      let found = try twoClassifiers(a, b, times: output.factor)
    {
      return found
    }
    if isFeatures, let (activation, input) = activation(output), let layer = layer(input) {
      let pool = try PoolReader(reader: reader).read(layer.input)
      return Found(pooler: (layer, activation), pool: pool)
    }
    if let pool = try PoolReader(reader: reader).pooledByQuery(output) { return Found(pool: pool) }
    guard let layer = layer(output) else { return Found(pool: try row(output)) }
    if let found = try classifierOfMean(layer) { return found }
    let pool = try PoolReader(reader: reader).read(layer.input)
    return layer.bias == nil && isFeatures
      ? Found(projection: layer, pool: pool) : Found(head: layer, pool: pool)
  }

  /// Features without a layer.
  private func row(_ view: TermView) throws(Mismatch) -> PoolReader.Found {
    do throws(Mismatch) { return try PoolReader(reader: reader).read(view) } catch {
      throw error.depth > 0 ? error : mismatch(view)
    }
  }

  private func layer(_ view: TermView) -> TermReader.Layer? {
    do throws(Mismatch) { return try reader.linear(view, "") } catch { return nil }
  }

  private func activation(_ view: TermView) -> (Activation, TermView)? {
    do throws(Mismatch) {
      return try ActivationReader(reader: reader).read(view, "", depth: 0)
    } catch { return nil }
  }

  /// Sums of two classifiers, or of two rows of features; nil for other sums.
  private func twoClassifiers(
    _ a: TermView, _ b: TermView, times factor: Double
  ) throws(Mismatch) -> Found? {
    let factors = [a, b].map { $0.factor * factor }
    let kinds = [a, b].map { reader.terms[$0.term].kind }
    if reader.isOrdered(a), reader.isOrdered(b),
      let index = kinds.firstIndex(where: { if case .maximum = $0 { true } else { false } }),
      case .maximum(let scores) = kinds[index], layer(reader.whole(scores.term)) != nil
    {
      guard reader.isClose(factors[index], 0.5), reader.isClose(factors[1 - index], 1) else {
        throw mismatch(a)
      }
      return try withMaximum(reader.whole([a, b][1 - index].term), scores)
    }
    guard factors.allSatisfy({ reader.isClose($0, 0.5) }) else { return nil }
    let pools = PoolReader(reader: reader)
    if let first = layer(reader.whole(a.term)), let second = layer(reader.whole(b.term)) {
      guard reader.isOrdered(a), reader.isOrdered(b) else { throw mismatch(a) }
      let layers = [first, second].sorted { $0.input.layout.offset < $1.input.layout.offset }
      let pool = try pools.read(layers[0].input)
      try check(layers[1].input, pool, from: 1, count: 1, "head_dist")
      return Found(head: layers[0], second: layers[1], pool: pool)
    }
    // Two rows of one norm.
    guard a.term == b.term, var first = [a, b].min(by: { $0.layout.offset < $1.layout.offset }),
      var second = [a, b].max(by: { $0.layout.offset < $1.layout.offset }), first != second
    else { return nil }
    (first.factor, second.factor) = (1, 1)
    let pool = try pools.read(first)
    try check(second, pool, from: 1, count: 1, "the distillation token")
    return Found(averagesTwo: true, pool: pool)
  }

  /// LV-ViT's: half the maximum over the patches' scores is added.
  private func withMaximum(_ logits: TermView, _ scores: TermView) throws(Mismatch) -> Found {
    let head = try reader.linear(logits, "head")
    let auxiliary = try reader.linear(reader.whole(scores.term), "aux_head")
    let pool = try PoolReader(reader: reader).read(head.input)
    let count = reader.rowCount(pool.rows.term) - 1
    let whole = Layout(contiguous: [count, auxiliary.weight.shape[1]]).transposed([1, 0])
    guard scores.factor == 1, count > 0, scores.layout.withoutUnits == whole.withoutUnits else {
      throw Mismatch(term: scores.term, expected: "the maximum of aux_head over tokens", depth: 0)
    }
    try check(auxiliary.input, pool, from: 1, count: count, "aux_head")
    return Found(head: head, auxiliary: auxiliary, pool: pool)
  }

  /// DINOv2's classifier of the class token and the mean of the patch tokens; nil for other inputs.
  private func classifierOfMean(_ layer: TermReader.Layer) throws(Mismatch) -> Found? {
    guard reader.isWhole(layer.input),
      case .concatenate(let pieces, let dimension) = reader.terms[layer.input.term].kind,
      dimension == layer.input.shape.count - 1, pieces.count == 2,
      case .data(let token) = pieces[0], case .data(let average) = pieces[1]
    else { return nil }
    let pools = PoolReader(reader: reader)
    var pool = try pools.read(token)
    let mean = try pools.read(average)
    guard pool.pooling == .token, mean.pooling == .avg, mean.rows.term == pool.rows.term,
      mean.norm == nil
    else {
      throw Mismatch(
        term: layer.input.term, expected: "a class token and the mean of the patches behind it",
        depth: 0)
    }
    pool.averaged = mean.rows.range
    return Found(head: layer, readsMean: true, pool: pool)
  }

  /// Throws unless a layer reads those rows of the tokens that the other reads a row of.
  private func check(
    _ input: TermView, _ pool: PoolReader.Found, from first: Int, count: Int, _ name: String
  ) throws(Mismatch) {
    guard let rows = reader.rows(input), rows.term == pool.rows.term, pool.pooling == .token,
      pool.rows.range == 0..<1, rows.range == first..<first + count
    else {
      throw Mismatch(
        term: input.term, expected: "\(name) of \(count) rows of the last norm from row \(first)",
        depth: 0)
    }
  }
}
