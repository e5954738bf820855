internal import CVectorExtras
internal import KernelInterface

/// As `ProductTile`, with the first two of each three inputs as a pair: see `PairedLinearArguments`.
///
/// What is summed lacks the terms of rows and columns. Every sum runs over k in ascending order, so that
/// its bits do not depend on the tile's extents; the slices of a sum are multiples of three.
enum PairedTile<let rows: Int, let panels: Int> {
  private typealias Row = InlineArray<panels, Vector>

  /// Adds the products of the rows from `row` on; they have one segment.
  @inline(never)
  static func multiply<Element>(
    _ left: LeftHand, _ row: UnsafePointer<Float>, _ right: RightHand<Element>, _ sums: Sums
  ) {
    var tile = InlineArray<rows, Row> { _ in Row { _ in Vector() } }
    if sums.resumes {
      for r in 0..<rows {
        for p in 0..<panels {
          tile[r][p] = load(sums.start, p &* sums.step &+ r &* panelWidth)
        }
      }
    }
    let bytes = panelWidth &* Element.byteCount
    var weights = right.start
    var ahead = right.ahead
    var inputs = row
    for _ in 0..<left.length / 3 {
      let first = Row { Element.load(weights + $0 &* right.panelBytes) }
      let second = Row { Element.load(weights + ($0 &* right.panelBytes &+ bytes)) }
      for r in 0..<rows {
        let pair = inputs + r &* left.step
        let (a, b) = (broadcast(pair), broadcast(pair + 1))
        for p in 0..<panels { accumulate(a + second[p], b + first[p], into: &tile[r][p]) }
      }
      let third = Row { Element.load(weights + ($0 &* right.panelBytes &+ 2 &* bytes)) }
      for r in 0..<rows {
        let element = broadcast(inputs + (r &* left.step &+ 2))
        for p in 0..<panels { accumulate(element, third[p], into: &tile[r][p]) }
      }
      weights += 3 &* bytes
      inputs += 3
      for _ in 0..<3 {
        cve_prefetch2(ahead)
        ahead += bytes
      }
    }
    for _ in 0..<left.length % 3 {
      let columns = Row { Element.load(weights + $0 &* right.panelBytes) }
      for r in 0..<rows {
        let element = broadcast(inputs + r &* left.step)
        for p in 0..<panels { accumulate(element, columns[p], into: &tile[r][p]) }
      }
      weights += bytes
      inputs += 1
    }
    for r in 0..<rows {
      for p in 0..<panels { store(tile[r][p], sums.start, p &* sums.step &+ r &* panelWidth) }
    }
  }
}
