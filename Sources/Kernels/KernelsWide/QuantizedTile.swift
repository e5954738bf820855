internal import CVectorExtras
internal import KernelInterface

/// Sixteen integers of 32 bits: the sums of a row with a panel's columns, or four bytes of each.
typealias Lanes = SIMD16<Int32>

/// How products of bytes are added up; a type, so that each tile is compiled for one of them. All give the same
/// integers.
protocol ByteProduct {
  /// Four weights of each column of a panel, as they are multiplied.
  associatedtype Columns

  /// Four bytes of a row, the same in every lane, as they are multiplied.
  associatedtype Element

  /// The most rows of a tile of so many panels.
  static func rows(panels: Int) -> Int

  static func columns(_ weights: Lanes) -> Columns

  static func element(_ bytes: Lanes) -> Element

  static func add(_ element: Element, _ columns: Columns, to sum: inout Lanes)
}

/// In one instruction.
enum VNNIProduct: ByteProduct {
  @inline(__always)
  static func rows(panels: Int) -> Int { TileShape.vnniRows(panels: panels) }

  @inline(__always)
  static func columns(_ weights: Lanes) -> Lanes { weights }

  @inline(__always)
  static func element(_ bytes: Lanes) -> Lanes { bytes }

  @inline(__always)
  static func add(_ element: Lanes, _ columns: Lanes, to sum: inout Lanes) {
    addProductsOfBytes(element, columns, to: &sum)
  }
}

/// By products of 16 bits, which bytes are widened to: those of bytes that have a sign and none would not fit in
/// the 16 bits that AVX2 adds two of them in.
enum WidenedProduct: ByteProduct {
  /// Every second byte, as 16 bits.
  struct Halves {
    var even: Lanes
    var odd: Lanes
  }

  private typealias Signed = SIMD32<Int16>
  private typealias Unsigned = SIMD32<UInt16>

  @inline(__always)
  static func rows(panels: Int) -> Int { TileShape.widenedRows(panels: panels) }

  @inline(__always)
  static func columns(_ weights: Lanes) -> Halves {
    let words = unsafeBitCast(weights, to: Signed.self)
    return Halves(
      even: unsafeBitCast((words &<< 8) &>> 8, to: Lanes.self),
      odd: unsafeBitCast(words &>> 8, to: Lanes.self))
  }

  @inline(__always)
  static func element(_ bytes: Lanes) -> Halves {
    let words = unsafeBitCast(bytes, to: Unsigned.self)
    return Halves(
      even: unsafeBitCast(words & 0xFF, to: Lanes.self),
      odd: unsafeBitCast(words &>> 8, to: Lanes.self))
  }

  @inline(__always)
  static func add(_ element: Halves, _ columns: Halves, to sum: inout Lanes) {
    sum &+= pairs(columns.even, element.even) &+ pairs(columns.odd, element.odd)
  }
}

/// Rows of bytes, from a tile's first on.
struct ByteRows {
  /// The first row.
  var start: UnsafePointer<UInt8>
  /// Bytes from one row to the next.
  var step: Int
  /// Groups of four bytes of a row.
  var groups: Int
  /// `[rows][2]`, scales and low ends, from the first row on.
  var terms: UnsafePointer<Float>
}

/// Neighbouring panels of weights in bytes.
struct BytePanels {
  /// The first panel's first group.
  var start: UnsafeRawPointer
  /// Bytes from one panel to the next.
  var panelBytes: Int
  /// `[16 panels]`, scales of the columns from the first panel on.
  var scales: UnsafePointer<Float>
  /// `[16 panels]`, sums of their integers.
  var sums: UnsafePointer<Int32>
  /// As many bytes as the tile reads of one panel are asked for from here on, for later.
  var ahead: UnsafeRawPointer
}

/// `rows` rows of bytes times `panels` panels of 16 columns, with the sums in registers; see ``ProductTile`` for
/// why the extents are generic parameters.
enum QuantizedTile<let rows: Int, let panels: Int> {
  /// Writes products without bias, `[panels][step / 16][16]`.
  @inline(never)
  static func multiply<Product: ByteProduct>(
    _: Product.Type, _ left: ByteRows, _ right: BytePanels,
    into products: UnsafeMutablePointer<Float>, step: Int
  ) {
    var tile = InlineArray<rows, InlineArray<panels, Lanes>> { _ in
      InlineArray<panels, Lanes> { _ in Lanes() }
    }
    var weights = right.start
    var ahead = right.ahead
    var bytes = UnsafeRawPointer(left.start)
    for _ in 0..<left.groups {
      let columns = InlineArray<panels, Product.Columns> {
        Product.columns((weights + $0 &* right.panelBytes).loadUnaligned(as: Lanes.self))
      }
      for r in 0..<rows {
        let four = (bytes + r &* left.step).assumingMemoryBound(to: Float.self)
        let element = Product.element(unsafeBitCast(broadcast(four), to: Lanes.self))
        for p in 0..<panels { Product.add(element, columns[p], to: &tile[r][p]) }
      }
      weights += 4 &* panelWidth
      cve_prefetch2(ahead)
      ahead += 4 &* panelWidth
      bytes += 4
    }
    for p in 0..<panels {
      let scales = load(right.scales, p &* panelWidth)
      let sums = floats(
        UnsafeRawPointer(right.sums + p &* panelWidth).loadUnaligned(as: Lanes.self))
      for r in 0..<rows {
        let (scale, low) = (splat(left.terms[2 &* r]), splat(left.terms[2 &* r &+ 1]))
        let product = multiplyAdd(floats(tile[r][p]), scale, low * sums) * scales
        store(product, products, p &* step &+ r &* panelWidth)
      }
    }
  }
}
