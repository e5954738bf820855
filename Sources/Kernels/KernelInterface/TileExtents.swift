/// What a kernel set says of the tiles that it multiplies: from this follow how steps are cut into
/// items and how much scratch an item needs.
///
/// No sum depends on it: every set may choose what suits its registers and caches.
package struct TileExtents: Sendable, Equatable {
  /// The most panels of weights, or of queries, whose sums are kept at once.
  package let panels: Int

  /// Panels that are not parted between items: a multiple of ``panels``, so that no item ends within
  /// a tile.
  package let itemPanels: Int

  /// As ``itemPanels``, where products are formed in pairs: see ``PairedLinearArguments``.
  package let pairedItemPanels: Int

  /// The most rows of an item, where rows are multiplied as they lie.
  package let itemRows: Int

  /// The most rows of an item that first writes its rows to scratch.
  package let preparedRows: Int

  /// The most inputs of a product that are multiplied before the next ones: those of a tile's panels, stored as
  /// float16, are widened once for all rows, and take so much scratch.
  package let sliceInputs: Int

  /// Vectors of 16 sums in a tile of attention's values.
  package let valueVectors: Int

  /// The most tiles of Winograd's F(2 x 4, 3 x 3) that are multiplied before their sums are transformed, which
  /// should stay in the first-level cache.
  package let winogradTiles: Int

  /// The extents of a set's tiles, all above 0.
  package init(
    panels: Int, itemPanels: Int, pairedItemPanels: Int, itemRows: Int, preparedRows: Int,
    sliceInputs: Int, valueVectors: Int, winogradTiles: Int
  ) {
    precondition(panels > 0 && itemPanels > 0 && itemPanels % panels == 0, "panels of an item")
    precondition(pairedItemPanels > 0, "panels of an item of pairs")
    precondition(itemRows > 0 && preparedRows > 0, "rows of an item")
    precondition(sliceInputs > 0, "inputs of a slice")
    precondition(valueVectors > 0 && winogradTiles > 0, "sums of a tile")
    self.panels = panels
    self.itemPanels = itemPanels
    self.pairedItemPanels = pairedItemPanels
    self.itemRows = itemRows
    self.preparedRows = preparedRows
    self.sliceInputs = sliceInputs
    self.valueVectors = valueVectors
    self.winogradTiles = winogradTiles
  }
}
