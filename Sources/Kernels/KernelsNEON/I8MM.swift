internal import CVectorExtras
package import KernelInterface

extension NEONKernels {
  /// By `usmmla` and `usdot` (FEAT_I8MM).
  package enum I8MM: DotKernelSet {
    package static let name: StaticString = "i8mm"

    package static var tiles: TileExtents { NEONKernels.tiles }

    package static func quantizedLinear(
      _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
    ) {
      multiplyQuantized(I8MMProduct.self, arguments, item: item, scratch: scratch)
    }

    package static func quantizedAttention(
      _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer
    ) {
      attend(I8MMProduct.self, layer, item: item, scratch)
    }
  }
}

/// Of two rows or more as products of small matrices, of one in an instruction for four bytes of each column.
enum I8MMProduct: ByteProduct {
  typealias Pairs = WidePairs

  @inline(__always)
  static var takesBytes: Bool { true }

  @inline(__always)
  static func rows(panels: Int) -> Int { TileShape.byteRows(panels: panels) }

  @inline(__always)
  static func element(_ group: UnsafeRawPointer) -> Lanes { spread(group) }

  @inline(__always)
  static func add(_ element: Lanes, _ weights: Lanes, _: Lanes, to sum: inout Lanes) {
    sum.first = cve_usdot(sum.first, element.first, weights.first)
    sum.second = cve_usdot(sum.second, element.first, weights.second)
    sum.third = cve_usdot(sum.third, element.first, weights.third)
    sum.fourth = cve_usdot(sum.fourth, element.first, weights.fourth)
  }

  @inline(__always)
  static func multiply<let rows: Int, let panels: Int, Ending: SumEnding>(
    _: QuantizedTile<rows, panels>.Type, _ left: ByteRows, _ right: BytePanels, _ ending: Ending
  ) {
    switch rows {
    case 5, 6: MatrixTile<3>.multiply(rows: rows, left, right, ending)
    case 3, 4: MatrixTile<2>.multiply(rows: rows, left, right, ending)
    case 2: MatrixTile<1>.multiply(rows: rows, left, right, ending)
    default:
      QuantizedTile<rows, panels>.multiply(Self.self, left, right, ending)
    }
  }
}

/// `2 pairs` rows of bytes, or one less, times a panel, with the sums in registers: each of two rows with two columns.
enum MatrixTile<let pairs: Int> {
  private typealias Sums = InlineArray<8, LaneQuad>

  /// As ``QuantizedTile/multiply(_:_:_:_:)``, of `rows` rows and one panel.
  @inline(never)
  static func multiply<Ending: SumEnding>(
    rows: Int, _ left: ByteRows, _ right: BytePanels, _ ending: Ending
  ) {
    var tile = InlineArray<pairs, Sums> { _ in Sums { _ in LaneQuad() } }
    // What stands for the row behind an odd number of them is left out in the end.
    let last = (rows &- 1) &* left.step
    var weights = right.start
    var ahead = right.ahead
    var bytes = left.start

    // `second` are the panel's next four inputs, for eight in all.
    @inline(__always)
    func addProducts(_ second: UnsafeRawPointer?) {
      let inputs = InlineArray<pairs, LaneQuad> {
        let row = bytes + 2 &* $0 &* left.step
        return cve_two_rows(
          row, bytes + min((2 &* $0 &+ 1) &* left.step, last))
      }
      for q in 0..<4 {
        let a = (weights + 16 &* q).loadUnaligned(as: LaneQuad.self)
        let b = second.map { ($0 + 16 &* q).loadUnaligned(as: LaneQuad.self) } ?? LaneQuad()
        let columns = (cve_zip_low(a, b), cve_zip_high(a, b))
        for p in 0..<pairs {
          tile[p][2 &* q] = cve_usmmla(tile[p][2 &* q], inputs[p], columns.0)
          tile[p][2 &* q &+ 1] = cve_usmmla(tile[p][2 &* q &+ 1], inputs[p], columns.1)
        }
      }
    }
    let group = 4 &* panelWidth
    for _ in 0..<left.groups / 2 {
      addProducts(weights + group)
      weights += 2 &* group
      bytes += 2 &* left.groupStep
      for _ in 0..<2 {
        cve_prefetch2(ahead)
        ahead += group
      }
    }
    // Rows are padded beyond their last group: what they hold there is multiplied by zero.
    if left.groups % 2 == 1 { addProducts(nil) }

    let columns = ending.columns(0)
    for p in 0..<pairs {
      for r in 0..<min(2, rows &- 2 &* p) {
        let sums = Lanes(
          row(r, tile[p][0], tile[p][1]), row(r, tile[p][2], tile[p][3]),
          row(r, tile[p][4], tile[p][5]), row(r, tile[p][6], tile[p][7]))
        ending.write(sums, panel: 0, row: 2 &* p &+ r, columns)
      }
    }
  }

  /// The sums of one of two rows with four columns.
  @inline(__always)
  private static func row(_ row: Int, _ a: LaneQuad, _ b: LaneQuad) -> LaneQuad {
    row == 0
      ? LaneQuad(lowHalf: a.lowHalf, highHalf: b.lowHalf)
      : LaneQuad(lowHalf: a.highHalf, highHalf: b.highHalf)
  }
}
