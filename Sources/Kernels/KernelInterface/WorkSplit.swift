/// The items of a step: as many `runs` for each of `parts` parts of what is written. Item i is one of
/// part `i % parts`, so that there is no item without a part and no part with fewer items than another.
package struct WorkItems: Sendable, Equatable {
  /// Parts, dealt to threads.
  package let parts: Int

  /// Items of each part.
  package let runs: Int

  /// `runs` items for each of `parts` parts; none where either is not above 0.
  package init(parts: Int, runs: Int = 1) {
    let isEmpty = parts <= 0 || runs <= 0
    self.parts = isEmpty ? 0 : parts
    self.runs = isEmpty ? 0 : runs
  }

  /// Number of items.
  package var count: Int { parts * runs }
}

/// A range cut into parts whose lengths differ by one at most.
package struct EvenSplit: Sendable {
  /// Length of the range.
  package let count: Int

  /// Number of parts, none of them empty unless the range is.
  package let parts: Int

  /// At most `parts` parts of at least `minimum` elements each.
  package init(_ count: Int, minimum: Int = 1, parts: Int) {
    self.count = count
    self.parts = count <= 0 ? 0 : max(1, min(parts, count / max(minimum, 1)))
  }

  /// First element of a part; that of part `parts` is the range's end.
  package func start(_ part: Int) -> Int {
    let (quotient, remainder) = count.quotientAndRemainder(dividingBy: max(parts, 1))
    return part &* quotient &+ min(part, remainder)
  }
}

/// Rows cut into items, for work that goes over each row once.
///
/// The parts are the blocks into which a product cuts as many rows, so that a thread finds rows that it
/// wrote itself and need not fetch them from another processor's cache.
package struct RowSplit: Sendable {
  private let blocks: EvenSplit
  private let pieces: Int

  /// Cuts `count` rows of `width` elements as a product of the same kernel set is cut.
  package init(_ count: Int, width: Int, for tiles: TileExtents) {
    blocks = ProductBlocking.rowBlocks(count, for: tiles)
    let largest = blocks.parts == 0 ? 0 : (count + blocks.parts - 1) / blocks.parts
    pieces = min(largest / (1 + 4096 / max(width, 1)), 64 / max(blocks.parts, 1))
  }

  /// The items, by parts of the rows.
  package var items: WorkItems { WorkItems(parts: blocks.parts, runs: max(pieces, 1)) }

  /// The rows of an item; may be empty.
  package func rows(_ item: Int) -> Range<Int> {
    let (piece, part) = item.quotientAndRemainder(dividingBy: max(blocks.parts, 1))
    let first = blocks.start(part)
    let split = EvenSplit(blocks.start(part + 1) - first, parts: max(pieces, 1))
    return first + split.start(min(piece, split.parts))..<first
      + split.start(min(piece + 1, split.parts))
  }
}

/// How a product `[groups * rows, inputs] x [inputs, outputs]` is cut into items.
///
/// An item is a block of rows of one group times a run of weight panels. Neighbouring items share
/// their panels, so that these come from memory once. Depends on the extents of the product and of the
/// set's tiles only.
package struct ProductBlocking: Sendable {
  /// Units of rows of a group cut into blocks.
  package let rowSplit: EvenSplit

  /// Bundles of weight panels that are not parted, cut into runs.
  package let bundleSplit: EvenSplit

  /// Weight panels.
  private let panels: Int

  /// Weight panels of a bundle.
  private let bundlePanels: Int

  /// Groups of rows.
  package let groups: Int

  /// Rows that stay together.
  package let unit: Int

  /// Cuts a product for the kernels of a set. `rows` is a multiple of `unit`, rows that stay together.
  /// `preparesRows` says that an item first writes its rows to scratch, so that items should be wide,
  /// `inPairs` that products are formed in pairs.
  package init(
    for tiles: TileExtents, groups: Int, rows: Int, unit: Int = 1, inputs: Int, outputs: Int,
    preparesRows: Bool, inPairs: Bool = false
  ) {
    self.groups = groups
    self.unit = max(unit, 1)
    panels = PanelLayout.panelCount(outputs: outputs)
    bundlePanels = inPairs ? tiles.pairedItemPanels : tiles.itemPanels
    let bundles = (panels + bundlePanels - 1) / bundlePanels
    guard groups > 0, rows > 0, panels > 0 else {
      rowSplit = EvenSplit(0, parts: 0)
      bundleSplit = EvenSplit(0, parts: 0)
      maximumRun = 1
      maximumRows = 0
      return
    }
    let units = rows / self.unit
    let unitLimit = max(1, (preparesRows ? tiles.preparedRows : tiles.itemRows) / self.unit)
    rowSplit = Self.blocks(units, limit: unitLimit, areFew: rows < Self.fewRows)
    maximumRows = min(units, unitLimit) * self.unit

    // Rows that do not all stay in a second-level cache are read again for every run, so that runs
    // should then be long; otherwise more items are better dealt out.
    let blocks = groups * rowSplit.parts
    // Few rows cost as much as reading the weights does.
    let blockRows = max(4, (rowSplit.count + rowSplit.parts - 1) / rowSplit.parts * self.unit)
    let isCached = rows * inputs <= 98_304
    let total = Double(groups) * Double(max(4, rows)) * Double(max(inputs, 1)) * Double(outputs)
    let itemProducts = min(max(total / (isCached ? 96 : 36), 250_000), isCached ? 2e6 : 8e6)
    let bundleColumns = Double(bundlePanels * PanelLayout.width)
    let bundleProducts = Double(blockRows) * Double(max(inputs, 1)) * bundleColumns
    maximumRun = max(1, Self.mostPanels / bundlePanels)
    let runLimit = min(bundles, maximumRun)
    let runLength = max(1, Int(min((itemProducts / bundleProducts).rounded(), Double(runLimit))))
    var runs = (bundles + runLength - 1) / runLength
    if preparesRows {
      let enough = max(1, (36 + blocks - 1) / blocks)
      runs = max(min(runs, enough), (bundles + runLimit - 1) / runLimit)
    }
    bundleSplit = EvenSplit(bundles, parts: runs)
  }

  /// The blocks of rows of a product that does not prepare them.
  static func rowBlocks(_ rows: Int, for tiles: TileExtents) -> EvenSplit {
    blocks(rows, limit: tiles.itemRows, areFew: rows < fewRows)
  }

  /// An even number of blocks, so that two threads, or four, have as many rows each; few rows are not
  /// worth it.
  private static func blocks(_ units: Int, limit: Int, areFew: Bool) -> EvenSplit {
    let count = (units + limit - 1) / limit
    return EvenSplit(units, parts: areFew ? count : (count + 1) / 2 * 2)
  }

  /// Fewer rows are cut into no more blocks than they must be.
  private static let fewRows = 24

  /// The most panels in an item, unless one bundle has more.
  private static let mostPanels = 16

  /// The most bundles in an item.
  private let maximumRun: Int

  /// The items, by blocks of rows.
  package var items: WorkItems {
    WorkItems(parts: groups * rowSplit.parts, runs: bundleSplit.parts)
  }

  /// At least the rows of the largest block; does not fall as the rows grow.
  package let maximumRows: Int

  /// At least the sums of the largest block; does not fall as the rows grow.
  package var maximumSums: Int {
    maximumRows * PanelLayout.width * bundlePanels * min(bundleSplit.count, maximumRun)
  }

  /// The block of an item.
  package func block(_ item: Int) -> Block {
    let blocks = max(groups * rowSplit.parts, 1)
    let (run, rest) = item.quotientAndRemainder(dividingBy: blocks)
    let (group, part) = rest.quotientAndRemainder(dividingBy: max(rowSplit.parts, 1))
    return Block(
      group: group, part: part, rowStart: rowSplit.start(part) * unit,
      rowEnd: rowSplit.start(part + 1) * unit,
      panelStart: bundlePanels * bundleSplit.start(run),
      panelEnd: min(bundlePanels * bundleSplit.start(run + 1), panels))
  }

  /// The block with its part of the first `used` rows of its group, in place of all that there are, where no rows stay together.
  package func recut(_ block: Block, to used: Int) -> Block {
    var block = block
    (block.rowStart, block.rowEnd) = (
      used &* block.part / rowSplit.parts, used &* (block.part &+ 1) / rowSplit.parts
    )
    return block
  }

  /// Rows `rowStart..<rowEnd` of a group times panels `panelStart..<panelEnd`.
  package struct Block: Sendable {
    /// The group.
    package let group: Int
    /// Which of the parts that the group's rows are cut into.
    fileprivate let part: Int
    /// First row.
    package fileprivate(set) var rowStart: Int
    /// One past the last row.
    package fileprivate(set) var rowEnd: Int
    /// First panel.
    package let panelStart: Int
    /// One past the last panel.
    package let panelEnd: Int
  }
}
