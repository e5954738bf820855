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

  /// `count` rows of `width` elements, for work that goes over each row once.
  package static func rows(_ count: Int, width: Int) -> EvenSplit {
    EvenSplit(count, minimum: 1 + 4096 / max(width, 1), parts: 64)
  }

  /// First element of a part; that of part `parts` is the range's end.
  package func start(_ part: Int) -> Int {
    let (quotient, remainder) = count.quotientAndRemainder(dividingBy: max(parts, 1))
    return part &* quotient &+ min(part, remainder)
  }
}

/// How a product `[groups * rows, inputs] x [inputs, outputs]` is cut into items.
///
/// An item is a block of rows of one group times a run of weight panels. Neighbouring items share
/// their panels, so that these come from memory once. Depends on the extents only.
package struct ProductBlocking: Sendable {
  /// Units of rows of a group cut into blocks.
  package let rowSplit: EvenSplit

  /// Pairs of weight panels cut into runs; wide kernels multiply two panels at once.
  package let pairSplit: EvenSplit

  /// Weight panels.
  private let panels: Int

  /// Groups of rows.
  package let groups: Int

  /// Rows that stay together.
  package let unit: Int

  /// Cuts a product. `rows` is a multiple of `unit`, rows that stay together. `preparesRows` says that
  /// an item first writes its rows to scratch, so that items should be wide.
  package init(
    groups: Int, rows: Int, unit: Int = 1, inputs: Int, outputs: Int, preparesRows: Bool
  ) {
    self.groups = groups
    self.unit = max(unit, 1)
    panels = PanelLayout.panelCount(outputs: outputs)
    let pairs = (panels + 1) / 2
    guard groups > 0, rows > 0, panels > 0 else {
      rowSplit = EvenSplit(0, parts: 0)
      pairSplit = EvenSplit(0, parts: 0)
      maximumRows = 0
      return
    }
    let rowLimit = preparesRows ? 24 : 104
    let units = rows / self.unit
    let unitLimit = max(1, rowLimit / self.unit)
    // An even number of blocks, so that two threads, or four, have as many rows each.
    let blockCount = (units + unitLimit - 1) / unitLimit
    let isWorthHalving = rows >= 24
    rowSplit = EvenSplit(units, parts: isWorthHalving ? (blockCount + 1) / 2 * 2 : blockCount)
    maximumRows = min(units, unitLimit) * self.unit

    // Rows that do not all stay in a second-level cache are read again for every run, so that runs
    // should then be long; otherwise more items are better dealt out.
    let blocks = groups * rowSplit.parts
    // Few rows cost as much as reading the weights does.
    let blockRows = max(4, (rowSplit.count + rowSplit.parts - 1) / rowSplit.parts * self.unit)
    let isCached = rows * inputs <= 98_304
    let total = Double(groups) * Double(max(4, rows)) * Double(max(inputs, 1)) * Double(outputs)
    let itemProducts = min(max(total / (isCached ? 96 : 36), 250_000), isCached ? 2e6 : 8e6)
    let pairProducts = Double(blockRows) * Double(max(inputs, 1)) * Double(2 * PanelLayout.width)
    let runLimit = min(pairs, Self.maximumRun)
    let runLength = max(1, Int(min((itemProducts / pairProducts).rounded(), Double(runLimit))))
    var runs = (pairs + runLength - 1) / runLength
    if preparesRows {
      let enough = max(1, (36 + blocks - 1) / blocks)
      runs = max(min(runs, enough), (pairs + runLimit - 1) / runLimit)
    }
    pairSplit = EvenSplit(pairs, parts: runs)
  }

  /// The most pairs of panels in an item.
  private static let maximumRun = 8

  /// Number of items.
  package var itemCount: Int { partCount * pairSplit.parts }

  /// Parts of the rows; item i writes some of part `i % partCount`.
  package var partCount: Int { groups * rowSplit.parts }

  /// At least the rows of the largest block; does not fall as the rows grow.
  package let maximumRows: Int

  /// At least the sums of the largest block; does not fall as the rows grow.
  package var maximumSums: Int {
    maximumRows * 2 * PanelLayout.width * min(pairSplit.count, Self.maximumRun)
  }

  /// The block of an item.
  package func block(_ item: Int) -> Block {
    let blocks = max(partCount, 1)
    let (run, rest) = item.quotientAndRemainder(dividingBy: blocks)
    let (group, part) = rest.quotientAndRemainder(dividingBy: max(rowSplit.parts, 1))
    return Block(
      group: group, rowStart: rowSplit.start(part) * unit, rowEnd: rowSplit.start(part + 1) * unit,
      panelStart: 2 * pairSplit.start(run), panelEnd: min(2 * pairSplit.start(run + 1), panels))
  }

  /// Rows `rowStart..<rowEnd` of a group times panels `panelStart..<panelEnd`.
  package struct Block: Sendable {
    /// The group.
    package let group: Int
    /// First row.
    package let rowStart: Int
    /// One past the last row.
    package let rowEnd: Int
    /// First panel.
    package let panelStart: Int
    /// One past the last panel.
    package let panelEnd: Int
  }
}
