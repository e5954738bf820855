internal import CVectorExtras
internal import KernelInterface

/// Rows of a left-hand side. A row is `segments` runs of `length` elements, `segmentStep` apart.
struct LeftHand {
  /// The first row.
  var start: UnsafePointer<Float>
  /// Elements from one row to the next.
  var step: Int
  /// Runs of a row.
  var segments: Int
  /// Elements of a run.
  var length: Int
  /// Elements from one run to the next.
  var segmentStep: Int
}

/// Neighbouring weight panels, of which each input is a vector.
struct RightHand<Element: WeightElement> {
  /// The first panel's first vector.
  var start: UnsafeRawPointer
  /// Bytes from one panel to the next.
  var panelBytes: Int
  /// As many bytes as the tile reads of one panel are asked for from here on, for later.
  var ahead: UnsafeRawPointer
}

/// Where the sums of a tile are kept: `[panels][step / 16][16]`, of which the tile's rows are used.
struct Sums {
  /// The first row's, for the first panel.
  var start: UnsafeMutablePointer<Float>
  /// Elements from one panel's to the next.
  var step: Int
  /// Whether they begin at what is there already, instead of at zero.
  var resumes: Bool
}

/// `rows` rows times `panels` panels of 16 columns, with the sums in registers.
///
/// Every sum runs over k in ascending order, so that its bits do not depend on the tile's extents.
/// These are generic parameters, so that the loops over them are unrolled and the arrays become
/// registers; `TileShape` says how many there are.
enum ProductTile<let rows: Int, let panels: Int> {
  private typealias Row = InlineArray<panels, Vector>

  /// Adds the products of the rows from `row` on. A function of its own for each tile: the optimiser
  /// stops inlining where functions grow large.
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
    var weights = right.start
    var ahead = right.ahead
    var segment = row
    for _ in 0..<left.segments {
      for k in 0..<left.length {
        let columns = Row { Element.load(weights + $0 &* right.panelBytes) }
        for r in 0..<rows {
          let element = broadcast(segment + (r &* left.step &+ k))
          for p in 0..<panels { tile[r][p].addProduct(columns[p], element) }
        }
        weights += panelWidth &* Element.byteCount
        cve_prefetch2(ahead)
        ahead += panelWidth &* Element.byteCount
      }
      segment += left.segmentStep
    }
    for r in 0..<rows {
      for p in 0..<panels { store(tile[r][p], sums.start, p &* sums.step &+ r &* panelWidth) }
    }
  }
}
