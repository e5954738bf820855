internal import CVectorExtras
internal import KernelInterface

/// Sixteen integers of 32 bits: the sums of a row with a panel's columns, or four bytes of each.
typealias Lanes = SIMD16<Int32>

/// How products of bytes are added up; a type, so that each tile is compiled for one of them. All give the same
/// integers.
protocol ByteProduct {
  /// Four bytes of a row, the same in every lane, as they are multiplied.
  associatedtype Element

  /// The same instructions on numbers of 16 bits, two in the place of four bytes.
  associatedtype Pairs: ByteProduct

  /// Whether rows and weights are multiplied as bytes; if not, as `widenRow` and `widenPanel` leave them.
  static var takesBytes: Bool { get }

  /// The most rows of a tile of so many panels.
  static func rows(panels: Int) -> Int

  static func element(_ group: UnsafeRawPointer) -> Element

  /// Adds the products of four inputs of a row and of each column of a panel.
  /// - Parameters:
  ///   - weights: a panel's vector, the first of two where it is widened.
  ///   - second: the other one.
  static func add(_ element: Element, _ weights: Lanes, _ second: Lanes, to sum: inout Lanes)

  /// What the sums of one of the panels begin at.
  static func start<Ending: SumEnding>(
    _ panel: Int, of right: BytePanels, groups: Int, _ ending: Ending
  ) -> Lanes

  /// As ``QuantizedTile/multiply(_:_:_:_:)``.
  static func multiply<let rows: Int, let panels: Int, Ending: SumEnding>(
    _: QuantizedTile<rows, panels>.Type, _ left: ByteRows, _ right: BytePanels, _ ending: Ending)
}

extension ByteProduct {
  @inline(__always)
  static func start<Ending: SumEnding>(
    _: Int, of _: BytePanels, groups _: Int, _: Ending
  ) -> Lanes { Lanes() }

  @inline(__always)
  static func multiply<let rows: Int, let panels: Int, Ending: SumEnding>(
    _: QuantizedTile<rows, panels>.Type, _ left: ByteRows, _ right: BytePanels, _ ending: Ending
  ) {
    QuantizedTile<rows, panels>.multiply(Self.self, left, right, ending)
  }

  /// Bytes that four inputs of a row take.
  @inline(__always)
  static var groupBytes: Int { takesBytes ? 4 : 8 }

  /// Bytes of a panel that four inputs take.
  @inline(__always)
  static var panelGroupBytes: Int { groupBytes &* panelWidth }
}

/// Four bytes, or two numbers of 16 bits, in every lane.
@inline(__always)
func spread(_ group: UnsafeRawPointer) -> Lanes {
  unsafeBitCast(broadcast(group.assumingMemoryBound(to: Float.self)), to: Lanes.self)
}

/// By products of 16 bits, which bytes are widened to: those of bytes that have a sign and none would not fit in
/// the 16 bits that AVX2 adds two of them in.
enum WidenedProduct: ByteProduct {
  typealias Pairs = WidePairs

  /// The first and third, and the second and fourth of four bytes.
  struct Halves {
    var even: Lanes
    var odd: Lanes
  }

  @inline(__always)
  static var takesBytes: Bool { false }

  @inline(__always)
  static func rows(panels: Int) -> Int { TileShape.widenedRows(panels: panels) }

  @inline(__always)
  static func element(_ group: UnsafeRawPointer) -> Halves {
    Halves(even: spread(group), odd: spread(group + 4))
  }

  @inline(__always)
  static func add(_ element: Halves, _ weights: Lanes, _ second: Lanes, to sum: inout Lanes) {
    addPairs(weights, element.even, to: &sum)
    addPairs(second, element.odd, to: &sum)
  }
}

/// Of numbers of 16 bits, by products and sums.
enum WidePairs: ByteProduct {
  typealias Pairs = WidePairs

  @inline(__always)
  static var takesBytes: Bool { true }

  @inline(__always)
  static func rows(panels: Int) -> Int { TileShape.widenedRows(panels: panels) }

  @inline(__always)
  static func element(_ group: UnsafeRawPointer) -> Lanes { spread(group) }

  @inline(__always)
  static func add(_ element: Lanes, _ weights: Lanes, _: Lanes, to sum: inout Lanes) {
    addPairs(weights, element, to: &sum)
  }
}

/// Writes the groups of a row with 16 bits for each byte: of four the first and third, then the second and fourth.
func widenRow(
  _ bytes: UnsafePointer<UInt8>, _ groups: Int, into row: UnsafeMutableRawPointer
) {
  for group in 0..<groups {
    let four = UInt64((UnsafeRawPointer(bytes) + 4 &* group).load(as: UInt32.self))
    let (even, odd) = (four & 0x00FF_00FF, (four &>> 8) & 0x00FF_00FF)
    row.storeBytes(of: even | odd &<< 32, toByteOffset: 8 &* group, as: UInt64.self)
  }
}

/// Writes the groups of a panel likewise: a vector of first and third weights, then one of the others.
func widenPanel(_ bytes: UnsafeRawPointer, _ groups: Int, into panel: UnsafeMutableRawPointer) {
  for group in 0..<groups {
    let words = (bytes + 64 &* group).loadUnaligned(as: SIMD32<Int16>.self)
    panel.storeBytes(
      of: (words &<< 8) &>> 8, toByteOffset: 128 &* group, as: SIMD32<Int16>.self)
    panel.storeBytes(of: words &>> 8, toByteOffset: 128 &* group &+ 64, as: SIMD32<Int16>.self)
  }
}

/// Rows of bytes, or of what ``ByteProduct`` takes in their place, from a tile's first on.
struct ByteRows {
  /// The first row.
  var start: UnsafeRawPointer
  /// Bytes from one row to the next.
  var step: Int
  /// Bytes from one group of four to the next.
  var groupStep: Int
  /// Groups of four bytes of a row.
  var groups: Int
}

/// Neighbouring panels of weights in bytes.
struct BytePanels {
  /// The first panel's first group.
  var start: UnsafeRawPointer
  /// Bytes from one panel to the next.
  var panelBytes: Int
  /// As many bytes as the tile reads of one panel are asked for from here on, for later.
  var ahead: UnsafeRawPointer
}

/// What becomes of sums as they leave their registers; a type, so that each tile is compiled for one.
protocol SumEnding {
  /// What the sums of a panel's columns need.
  associatedtype Columns

  /// Of one of the tile's panels.
  func columns(_ panel: Int) -> Columns

  /// Sums of the integers of its columns, if they are known.
  func integerSums(_ panel: Int) -> Lanes?

  /// Writes what becomes of a row's sums.
  func write(_ sums: Lanes, panel: Int, row: Int, _ columns: Columns)
}

/// `rows` rows of bytes times `panels` panels of 16 columns, with the sums in registers; see ``ProductTile`` for
/// why the extents are generic parameters.
enum QuantizedTile<let rows: Int, let panels: Int> {
  /// Leaves the sums to the ending.
  @inline(never)
  static func multiply<Product: ByteProduct, Ending: SumEnding>(
    _: Product.Type, _ left: ByteRows, _ right: BytePanels, _ ending: Ending
  ) {
    var tile = InlineArray<rows, InlineArray<panels, Lanes>> { _ in
      InlineArray<panels, Lanes> {
        Product.start($0, of: right, groups: left.groups, ending)
      }
    }
    var weights = right.start
    var ahead = right.ahead
    var bytes = left.start
    for _ in 0..<left.groups {
      let columns = InlineArray<panels, Lanes> {
        (weights + $0 &* right.panelBytes).loadUnaligned(as: Lanes.self)
      }
      let others = InlineArray<panels, Lanes> {
        (weights + ($0 &* right.panelBytes &+ Product.panelGroupBytes &- 64))
          .loadUnaligned(as: Lanes.self)
      }
      for r in 0..<rows {
        let element = Product.element(bytes + r &* left.step)
        for p in 0..<panels { Product.add(element, columns[p], others[p], to: &tile[r][p]) }
      }
      weights += Product.panelGroupBytes
      cve_prefetch2(ahead)
      ahead += 4 &* panelWidth
      bytes += left.groupStep
    }
    for p in 0..<panels {
      let columns = ending.columns(p)
      for r in 0..<rows { ending.write(tile[r][p], panel: p, row: r, columns) }
    }
  }
}
