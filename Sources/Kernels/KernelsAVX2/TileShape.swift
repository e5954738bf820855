internal import KernelInterface

/// Extents of the tiles: the sums and what is multiplied fill 16 registers of 8 elements, or the 32 of 4 elements that
/// `KernelsNEON` has, which compiles this file too.
/// No sum depends on them, so that results are the same for registers of every width.
enum TileShape {
  /// The panels of a product's tile.
  @inline(__always)
  static var panels: Int { 1 }

  /// The most rows of a product's tile, which has one panel.
  @inline(__always)
  static func rows(panels: Int) -> Int { 6 }

  /// The panels of a paired product's tile.
  @inline(__always)
  static var pairedPanels: Int { 1 }

  /// The most rows of a paired product's tile.
  @inline(__always)
  static var pairedRows: Int { 4 }

  /// The panels of a tile that has one row.
  @inline(__always)
  static var panelsOfOneRow: Int { 4 }

  /// About as many inputs make a slice of a product, so that a panel of them fits in the first-level cache.
  @inline(__always)
  static var sliceInputs: Int { 384 }

  /// The most inputs of a slice of a row that is whole.
  @inline(__always)
  static var mostSliceInputs: Int { 3 &* sliceInputs / 2 &+ 3 }

  /// The panels of a tile of bytes.
  @inline(__always)
  static var quantizedPanels: Int { 1 }

  /// The most rows of a tile of bytes, which has one panel.
  @inline(__always)
  static func byteRows(panels: Int) -> Int { 6 }

  /// The same where bytes are widened, which takes twice the registers for what is multiplied.
  @inline(__always)
  static func widenedRows(panels: Int) -> Int { 4 }

  /// The most queries of a tile of values.
  @inline(__always)
  static var queries: Int { 6 }

  /// The vectors of a tile of values.
  @inline(__always)
  static var vectors: Int { 1 }

  /// The most queries of a tile of values in pairs.
  @inline(__always)
  static var pairedQueries: Int { 4 }

  /// What the set states of them.
  static var extents: TileExtents {
    TileExtents(
      panels: panels, itemPanels: 2, pairedItemPanels: 2, itemRows: 104, preparedRows: 24,
      sliceInputs: mostSliceInputs, valueVectors: queries &* vectors, winogradTiles: 12)
  }

  /// Multiplies a tile of `height` rows and `panels` panels.
  @inline(__always)
  static func multiply<Element>(
    height: Int, panels: Int, _ left: LeftHand, _ row: UnsafePointer<Float>,
    _ right: RightHand<Element>, _ sums: Sums
  ) {
    switch height {
    case 6: ProductTile<6, 1>.multiply(left, row, right, sums)
    case 5: ProductTile<5, 1>.multiply(left, row, right, sums)
    case 4: ProductTile<4, 1>.multiply(left, row, right, sums)
    case 3: ProductTile<3, 1>.multiply(left, row, right, sums)
    case 2: ProductTile<2, 1>.multiply(left, row, right, sums)
    default:
      if panels == 4 {
        ProductTile<1, 4>.multiply(left, row, right, sums)
      } else {
        ProductTile<1, 1>.multiply(left, row, right, sums)
      }
    }
  }

  /// Multiplies a tile of `height` rows and a panel in pairs.
  @inline(__always)
  static func multiplyPairs<Element>(
    height: Int, panels: Int, _ left: LeftHand, _ row: UnsafePointer<Float>,
    _ right: RightHand<Element>, _ sums: Sums
  ) {
    switch height {
    case 4: PairedTile<4, 1>.multiply(left, row, right, sums)
    case 3: PairedTile<3, 1>.multiply(left, row, right, sums)
    case 2: PairedTile<2, 1>.multiply(left, row, right, sums)
    default: PairedTile<1, 1>.multiply(left, row, right, sums)
    }
  }

  /// Multiplies a tile of `height` rows of bytes and a panel.
  @inline(__always)
  static func multiplyQuantized<Product: ByteProduct, Ending: SumEnding>(
    _: Product.Type, height: Int, panels: Int, _ left: ByteRows, _ right: BytePanels,
    _ ending: Ending
  ) {
    @inline(__always)
    func multiply<let rows: Int, let panels: Int>(_: QuantizedTile<rows, panels>.Type) {
      Product.multiply(QuantizedTile<rows, panels>.self, left, right, ending)
    }
    switch height {
    case 6: multiply(QuantizedTile<6, 1>.self)
    case 5: multiply(QuantizedTile<5, 1>.self)
    case 4: multiply(QuantizedTile<4, 1>.self)
    case 3: multiply(QuantizedTile<3, 1>.self)
    case 2: multiply(QuantizedTile<2, 1>.self)
    default: multiply(QuantizedTile<1, 1>.self)
    }
  }

  /// Sums a tile of `height` queries and `vectors` vectors of the values.
  @inline(__always)
  static func sumValues(
    height: Int, vectors: Int, _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
    step: Int, keys: Int, _ tile: UnsafeMutablePointer<Float>
  ) {
    switch height {
    case 6: ValueTile<6, 1>.sum(weights, values, step: step, keys: keys, tile)
    case 5: ValueTile<5, 1>.sum(weights, values, step: step, keys: keys, tile)
    case 4: ValueTile<4, 1>.sum(weights, values, step: step, keys: keys, tile)
    case 3: ValueTile<3, 1>.sum(weights, values, step: step, keys: keys, tile)
    case 2: ValueTile<2, 1>.sum(weights, values, step: step, keys: keys, tile)
    default: ValueTile<1, 1>.sum(weights, values, step: step, keys: keys, tile)
    }
  }

  /// Sums a tile of `height` queries and a vector of the values in pairs.
  @inline(__always)
  static func sumPairedValues(
    height: Int, vectors: Int, _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
    step: Int, keys: Int, _ terms: PairedValueTerms, _ tile: UnsafeMutablePointer<Float>,
    _ resumes: Bool
  ) {
    switch height {
    case 4: PairedValueTile<4, 1>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case 3: PairedValueTile<3, 1>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case 2: PairedValueTile<2, 1>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    default:
      PairedValueTile<1, 1>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    }
  }

  /// See ``KernelSet``.
  @inline(__always)
  static func multiplyAddLoop(_ values: UnsafeMutablePointer<Float>, rounds: Int) {
    for half in 0..<2 {
      MultiplyAddChains<6>.run(
        values + half &* 6 &* lanes, factors: values + 12 &* lanes, rounds: rounds)
    }
  }
}
