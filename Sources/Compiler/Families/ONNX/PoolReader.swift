/// Reads off traced terms what one row of all tokens is made of.
struct PoolReader {
  let reader: TermReader

  /// One row.
  struct Found {
    var pooling: Pooling

    /// The rows that are pooled, or the one that is taken, of the term that has all tokens.
    var rows: TermReader.Rows

    /// Of a classifier that reads a mean too, the rows of the mean.
    var averaged: Range<Int>?

    /// A norm of the row, in front of which it is not normalised.
    var norm: TermReader.NormLayer?

    /// Of attention pooling.
    var attention: AttentionPoolReader.Found?
  }

  /// What the row that is `view` is made of.
  func read(_ view: TermView) throws(Mismatch) -> Found {
    // A norm of all tokens is read as what the row is taken from.
    if let norm = reader.normIfThere(view), reader.rowCount(view.term) == 1 {
      var found = try pooled(norm.input)
      found.norm = norm
      return found
    }
    return try pooled(view)
  }

  /// One row that is a layer of attention pooling without an FFN; nil for anything else.
  func pooledByQuery(_ view: TermView) throws(Mismatch) -> Found? {
    guard reader.rowCount(view.term) == 1,
      let attention = try AttentionPoolReader(reader: reader).read(view)
    else { return nil }
    return try found(attention)
  }

  private func pooled(_ view: TermView) throws(Mismatch) -> Found {
    if let found = try pooledByQuery(view) { return found }
    let failure = Mismatch(
      term: view.term,
      expected: "one token, or the mean, the maximum, both or attention of tokens", depth: 0)
    if reader.isOrdered(view) {
      switch reader.terms[view.term].kind {
      case .mean(let rows) where view.factor == 1:
        return Found(pooling: .avg, rows: try self.rows(under: rows, failure))
      case .maximum(let rows) where view.factor == 1:
        return Found(pooling: .max, rows: try self.rows(under: rows, failure))
      case .add(let a, let b):
        if let both = try meanAndMaximum(a, b, times: view.factor, failure) { return both }
        if view.factor == 1, let found = try attention(a, b) { return found }
      default: break
      }
    }
    guard let rows = reader.rows(view) else { throw failure }
    if rows.range.count == 1 {
      // The one row of attention pooling is a sum.
      if reader.rowCount(rows.term) == 1, reader.isOrdered(view) { throw failure }
      return Found(pooling: .token, rows: rows)
    }
    guard rows.range.count == reader.rowCount(rows.term) else { throw failure }
    return Found(pooling: .none, rows: rows)
  }

  /// The rows of `[width, count]` columns.
  private func rows(
    under columns: TermView, _ failure: Mismatch
  ) throws(Mismatch) -> TermReader.Rows {
    guard
      let flat = columns.layout.reshaped([
        columns.shape.dropLast().reduce(1, *), columns.shape.last ?? 1,
      ]),
      let rows = reader.rows(
        TermView(term: columns.term, layout: flat.transposed([1, 0]), factor: columns.factor))
    else { throw failure }
    return rows
  }

  /// `0.5 (max + mean)`; nil for other sums.
  private func meanAndMaximum(
    _ a: TermView, _ b: TermView, times factor: Double, _ failure: Mismatch
  ) throws(Mismatch) -> Found? {
    var (mean, maximum): (TermView?, TermView?)
    for view in [a, b] where reader.isOrdered(view) && reader.isClose(view.factor * factor, 0.5) {
      switch reader.terms[view.term].kind {
      case .mean(let rows): mean = rows
      case .maximum(let rows): maximum = rows
      default: break
      }
    }
    guard let mean, let maximum else { return nil }
    let rows = try self.rows(under: mean, failure)
    let others = try self.rows(under: maximum, failure)
    guard rows == others else { throw failure }
    return Found(pooling: .avgmax, rows: rows)
  }

  /// Attention pooling, whichever way round its sum is written; nil for other sums.
  private func attention(_ a: TermView, _ b: TermView) throws(Mismatch) -> Found? {
    let attention = AttentionPoolReader(reader: reader)
    guard reader.rowCount(a.term) == 1, reader.rowCount(b.term) == 1 else { return nil }
    var found: AttentionPoolReader.Found
    do throws(Mismatch) { found = try attention.read(a, b) } catch {
      let first = error
      do throws(Mismatch) { found = try attention.read(b, a) } catch {
        throw error.depth > first.depth ? error : first
      }
    }
    return try self.found(found)
  }

  private func found(_ attention: AttentionPoolReader.Found) throws(Mismatch) -> Found {
    guard let rows = reader.rows(attention.input) else {
      throw Mismatch(term: attention.input.term, expected: "tokens that are pooled", depth: 0)
    }
    return Found(pooling: .map, rows: rows, attention: attention)
  }
}
