internal import KernelInterface

/// Extents of the tiles: the sums and what is multiplied fill 32 registers of 16 elements.
/// No sum depends on them, so that results are the same for registers of every width.
enum TileShape {
  /// The panels of a product's tile. Three of nine rows are 12 loads for 27 multiply-adds, where two of
  /// twelve are 14 for 24.
  @inline(__always)
  static var panels: Int { 3 }

  /// The most rows of a product's tile of so many panels.
  @inline(__always)
  static func rows(panels: Int) -> Int { panels == 3 ? 9 : 12 }

  /// The panels of a paired product's tile.
  @inline(__always)
  static var pairedPanels: Int { 2 }

  /// The most rows of a paired product's tile.
  @inline(__always)
  static var pairedRows: Int { 9 }

  /// The panels of a tile that has one row.
  @inline(__always)
  static var panelsOfOneRow: Int { 8 }

  /// About as many inputs make a slice of a product, so that those of all rows stay in the second-level cache.
  @inline(__always)
  static var sliceInputs: Int { 768 }

  /// The most inputs of a slice of a row that is whole.
  @inline(__always)
  static var mostSliceInputs: Int { 3 &* sliceInputs / 2 &+ 3 }

  /// The panels of a tile of bytes.
  @inline(__always)
  static var quantizedPanels: Int { 3 }

  /// The most rows of a tile of bytes of so many panels.
  @inline(__always)
  static func byteRows(panels: Int) -> Int { 9 }

  /// The same where bytes are widened, which takes twice the registers for what is multiplied.
  @inline(__always)
  static func widenedRows(panels: Int) -> Int { panels == 3 ? 7 : 9 }

  /// The most queries of a tile of values.
  @inline(__always)
  static var queries: Int { 6 }

  /// The vectors of a tile of values.
  @inline(__always)
  static var vectors: Int { 4 }

  /// The most queries of a tile of values in pairs.
  @inline(__always)
  static var pairedQueries: Int { 4 }

  /// What the set states of them.
  static var extents: TileExtents {
    TileExtents(
      panels: panels, itemPanels: panels, pairedItemPanels: pairedPanels, itemRows: 104,
      preparedRows: 24,
      sliceInputs: mostSliceInputs, valueVectors: queries &* vectors, winogradTiles: 12)
  }

  /// Multiplies a tile of `height` rows and `panels` panels.
  @inline(__always)
  static func multiply<Element>(
    height: Int, panels: Int, _ left: LeftHand, _ row: UnsafePointer<Float>,
    _ right: RightHand<Element>, _ sums: Sums
  ) {
    switch (height, panels) {
    case (9, 3): ProductTile<9, 3>.multiply(left, row, right, sums)
    case (8, 3): ProductTile<8, 3>.multiply(left, row, right, sums)
    case (7, 3): ProductTile<7, 3>.multiply(left, row, right, sums)
    case (6, 3): ProductTile<6, 3>.multiply(left, row, right, sums)
    case (5, 3): ProductTile<5, 3>.multiply(left, row, right, sums)
    case (4, 3): ProductTile<4, 3>.multiply(left, row, right, sums)
    case (3, 3): ProductTile<3, 3>.multiply(left, row, right, sums)
    case (2, 3): ProductTile<2, 3>.multiply(left, row, right, sums)
    case (1, 3): ProductTile<1, 3>.multiply(left, row, right, sums)
    case (12, 2): ProductTile<12, 2>.multiply(left, row, right, sums)
    case (11, 2): ProductTile<11, 2>.multiply(left, row, right, sums)
    case (10, 2): ProductTile<10, 2>.multiply(left, row, right, sums)
    case (9, 2): ProductTile<9, 2>.multiply(left, row, right, sums)
    case (8, 2): ProductTile<8, 2>.multiply(left, row, right, sums)
    case (7, 2): ProductTile<7, 2>.multiply(left, row, right, sums)
    case (6, 2): ProductTile<6, 2>.multiply(left, row, right, sums)
    case (5, 2): ProductTile<5, 2>.multiply(left, row, right, sums)
    case (4, 2): ProductTile<4, 2>.multiply(left, row, right, sums)
    case (3, 2): ProductTile<3, 2>.multiply(left, row, right, sums)
    case (2, 2): ProductTile<2, 2>.multiply(left, row, right, sums)
    case (12, 1): ProductTile<12, 1>.multiply(left, row, right, sums)
    case (11, 1): ProductTile<11, 1>.multiply(left, row, right, sums)
    case (10, 1): ProductTile<10, 1>.multiply(left, row, right, sums)
    case (9, 1): ProductTile<9, 1>.multiply(left, row, right, sums)
    case (8, 1): ProductTile<8, 1>.multiply(left, row, right, sums)
    case (7, 1): ProductTile<7, 1>.multiply(left, row, right, sums)
    case (6, 1): ProductTile<6, 1>.multiply(left, row, right, sums)
    case (5, 1): ProductTile<5, 1>.multiply(left, row, right, sums)
    case (4, 1): ProductTile<4, 1>.multiply(left, row, right, sums)
    case (3, 1): ProductTile<3, 1>.multiply(left, row, right, sums)
    case (2, 1): ProductTile<2, 1>.multiply(left, row, right, sums)
    case (1, 8): ProductTile<1, 8>.multiply(left, row, right, sums)
    case (1, 2): ProductTile<1, 2>.multiply(left, row, right, sums)
    default: ProductTile<1, 1>.multiply(left, row, right, sums)
    }
  }

  /// Multiplies a tile of `height` rows and `panels` panels in pairs.
  @inline(__always)
  static func multiplyPairs<Element>(
    height: Int, panels: Int, _ left: LeftHand, _ row: UnsafePointer<Float>,
    _ right: RightHand<Element>, _ sums: Sums
  ) {
    switch (height, panels) {
    case (9, 2): PairedTile<9, 2>.multiply(left, row, right, sums)
    case (8, 2): PairedTile<8, 2>.multiply(left, row, right, sums)
    case (7, 2): PairedTile<7, 2>.multiply(left, row, right, sums)
    case (6, 2): PairedTile<6, 2>.multiply(left, row, right, sums)
    case (5, 2): PairedTile<5, 2>.multiply(left, row, right, sums)
    case (4, 2): PairedTile<4, 2>.multiply(left, row, right, sums)
    case (3, 2): PairedTile<3, 2>.multiply(left, row, right, sums)
    case (2, 2): PairedTile<2, 2>.multiply(left, row, right, sums)
    case (1, 2): PairedTile<1, 2>.multiply(left, row, right, sums)
    case (9, 1): PairedTile<9, 1>.multiply(left, row, right, sums)
    case (8, 1): PairedTile<8, 1>.multiply(left, row, right, sums)
    case (7, 1): PairedTile<7, 1>.multiply(left, row, right, sums)
    case (6, 1): PairedTile<6, 1>.multiply(left, row, right, sums)
    case (5, 1): PairedTile<5, 1>.multiply(left, row, right, sums)
    case (4, 1): PairedTile<4, 1>.multiply(left, row, right, sums)
    case (3, 1): PairedTile<3, 1>.multiply(left, row, right, sums)
    case (2, 1): PairedTile<2, 1>.multiply(left, row, right, sums)
    default: PairedTile<1, 1>.multiply(left, row, right, sums)
    }
  }

  /// Multiplies a tile of `height` rows of bytes and `panels` panels.
  @inline(__always)
  static func multiplyQuantized<Product: ByteProduct, Ending: SumEnding>(
    _: Product.Type, height: Int, panels: Int, _ left: ByteRows, _ right: BytePanels,
    _ ending: Ending
  ) {
    @inline(__always)
    func multiply<let rows: Int, let panels: Int>(_: QuantizedTile<rows, panels>.Type) {
      Product.multiply(QuantizedTile<rows, panels>.self, left, right, ending)
    }
    switch (height, panels) {
    case (9, 3): multiply(QuantizedTile<9, 3>.self)
    case (8, 3): multiply(QuantizedTile<8, 3>.self)
    case (7, 3): multiply(QuantizedTile<7, 3>.self)
    case (6, 3): multiply(QuantizedTile<6, 3>.self)
    case (5, 3): multiply(QuantizedTile<5, 3>.self)
    case (4, 3): multiply(QuantizedTile<4, 3>.self)
    case (3, 3): multiply(QuantizedTile<3, 3>.self)
    case (2, 3): multiply(QuantizedTile<2, 3>.self)
    case (1, 3): multiply(QuantizedTile<1, 3>.self)
    case (9, 2): multiply(QuantizedTile<9, 2>.self)
    case (8, 2): multiply(QuantizedTile<8, 2>.self)
    case (7, 2): multiply(QuantizedTile<7, 2>.self)
    case (6, 2): multiply(QuantizedTile<6, 2>.self)
    case (5, 2): multiply(QuantizedTile<5, 2>.self)
    case (4, 2): multiply(QuantizedTile<4, 2>.self)
    case (3, 2): multiply(QuantizedTile<3, 2>.self)
    case (2, 2): multiply(QuantizedTile<2, 2>.self)
    case (1, 2): multiply(QuantizedTile<1, 2>.self)
    case (9, 1): multiply(QuantizedTile<9, 1>.self)
    case (8, 1): multiply(QuantizedTile<8, 1>.self)
    case (7, 1): multiply(QuantizedTile<7, 1>.self)
    case (6, 1): multiply(QuantizedTile<6, 1>.self)
    case (5, 1): multiply(QuantizedTile<5, 1>.self)
    case (4, 1): multiply(QuantizedTile<4, 1>.self)
    case (3, 1): multiply(QuantizedTile<3, 1>.self)
    case (2, 1): multiply(QuantizedTile<2, 1>.self)
    default: multiply(QuantizedTile<1, 1>.self)
    }
  }

  /// Sums a tile of `height` queries and `vectors` vectors of the values.
  @inline(__always)
  static func sumValues(
    height: Int, vectors: Int, _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
    step: Int, keys: Int, _ tile: UnsafeMutablePointer<Float>
  ) {
    switch (height, vectors) {
    case (6, 4): ValueTile<6, 4>.sum(weights, values, step: step, keys: keys, tile)
    case (5, 4): ValueTile<5, 4>.sum(weights, values, step: step, keys: keys, tile)
    case (4, 4): ValueTile<4, 4>.sum(weights, values, step: step, keys: keys, tile)
    case (3, 4): ValueTile<3, 4>.sum(weights, values, step: step, keys: keys, tile)
    case (2, 4): ValueTile<2, 4>.sum(weights, values, step: step, keys: keys, tile)
    case (1, 4): ValueTile<1, 4>.sum(weights, values, step: step, keys: keys, tile)
    case (6, 3): ValueTile<6, 3>.sum(weights, values, step: step, keys: keys, tile)
    case (5, 3): ValueTile<5, 3>.sum(weights, values, step: step, keys: keys, tile)
    case (4, 3): ValueTile<4, 3>.sum(weights, values, step: step, keys: keys, tile)
    case (3, 3): ValueTile<3, 3>.sum(weights, values, step: step, keys: keys, tile)
    case (2, 3): ValueTile<2, 3>.sum(weights, values, step: step, keys: keys, tile)
    case (1, 3): ValueTile<1, 3>.sum(weights, values, step: step, keys: keys, tile)
    case (6, 2): ValueTile<6, 2>.sum(weights, values, step: step, keys: keys, tile)
    case (5, 2): ValueTile<5, 2>.sum(weights, values, step: step, keys: keys, tile)
    case (4, 2): ValueTile<4, 2>.sum(weights, values, step: step, keys: keys, tile)
    case (3, 2): ValueTile<3, 2>.sum(weights, values, step: step, keys: keys, tile)
    case (2, 2): ValueTile<2, 2>.sum(weights, values, step: step, keys: keys, tile)
    case (1, 2): ValueTile<1, 2>.sum(weights, values, step: step, keys: keys, tile)
    case (6, 1): ValueTile<6, 1>.sum(weights, values, step: step, keys: keys, tile)
    case (5, 1): ValueTile<5, 1>.sum(weights, values, step: step, keys: keys, tile)
    case (4, 1): ValueTile<4, 1>.sum(weights, values, step: step, keys: keys, tile)
    case (3, 1): ValueTile<3, 1>.sum(weights, values, step: step, keys: keys, tile)
    case (2, 1): ValueTile<2, 1>.sum(weights, values, step: step, keys: keys, tile)
    default: ValueTile<1, 1>.sum(weights, values, step: step, keys: keys, tile)
    }
  }

  /// Sums a tile of `height` queries and `vectors` vectors of the values in pairs.
  @inline(__always)
  static func sumPairedValues(
    height: Int, vectors: Int, _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
    step: Int, keys: Int, _ terms: PairedValueTerms, _ tile: UnsafeMutablePointer<Float>,
    _ resumes: Bool
  ) {
    switch (height, vectors) {
    case (4, 4):
      PairedValueTile<4, 4>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (3, 4):
      PairedValueTile<3, 4>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (2, 4):
      PairedValueTile<2, 4>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (1, 4):
      PairedValueTile<1, 4>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (4, 3):
      PairedValueTile<4, 3>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (3, 3):
      PairedValueTile<3, 3>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (2, 3):
      PairedValueTile<2, 3>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (1, 3):
      PairedValueTile<1, 3>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (4, 2):
      PairedValueTile<4, 2>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (3, 2):
      PairedValueTile<3, 2>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (2, 2):
      PairedValueTile<2, 2>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (1, 2):
      PairedValueTile<1, 2>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (4, 1):
      PairedValueTile<4, 1>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (3, 1):
      PairedValueTile<3, 1>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    case (2, 1):
      PairedValueTile<2, 1>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    default:
      PairedValueTile<1, 1>.sum(weights, values, step: step, keys: keys, terms, tile, resumes)
    }
  }

  /// See ``KernelSet``.
  @inline(__always)
  static func multiplyAddLoop(_ values: UnsafeMutablePointer<Float>, rounds: Int) {
    MultiplyAddChains<12>.run(values, factors: values + 12 &* lanes, rounds: rounds)
  }
}
