/// `queries` queries times `vectors` vectors of the values, summed over the keys in ascending order,
/// with the sums in registers. See ``ProductTile`` for why the extents are generic parameters.
enum ValueTile<let queries: Int, let vectors: Int> {
  private typealias Row = InlineArray<vectors, Vector>

  /// - Parameters:
  ///   - weights: `[keys][16]`, queries along the columns.
  ///   - values: the first key's, `step` elements from one key's to the next.
  ///   - tile: receives `[queries][vectors][16]`.
  @inline(never)
  static func sum(
    _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
    _ tile: UnsafeMutablePointer<Float>
  ) {
    var sums = InlineArray<queries, Row> { _ in Row { _ in Vector() } }
    var (p, v) = (weights, values)
    for _ in 0..<keys {
      let columns = Row { load(v, $0 &* lanes) }
      for q in 0..<queries {
        let weight = broadcast(p + q)
        for c in 0..<vectors { sums[q][c].addProduct(columns[c], weight) }
      }
      p += queryTile
      v += step
    }
    for q in 0..<queries {
      for c in 0..<vectors { store(sums[q][c], tile, (q &* vectors &+ c) &* lanes) }
    }
  }
}
