import KernelInterface
import Testing

struct RowSplitTests {
  @Test(arguments: Implementation.tiled, [0, 1, 2, 23, 24, 69, 98, 104, 105, 139, 197, 198, 1576])
  func itemsOfAPartCoverTheRowsOfAProductsBlock(implementation: Implementation, count: Int) {
    for width in [1, 60, 384, 5000] { check(implementation.tiles, count: count, width: width) }
  }

  private func check(_ tiles: TileExtents, count: Int, width: Int) {
    let split = RowSplit(count, width: width, for: tiles)
    let product = ProductBlocking(
      for: tiles, groups: 1, rows: count, inputs: width, outputs: 32, preparesRows: false)
    #expect(split.items.parts == product.rowSplit.parts)
    #expect(split.items.count <= max(64, split.items.parts))
    var rows = [[Int]](repeating: [], count: split.items.parts)
    for item in 0..<split.items.count { rows[item % split.items.parts] += split.rows(item) }
    for part in rows.indices {
      #expect(
        rows[part] == Array(product.rowSplit.start(part)..<product.rowSplit.start(part + 1)))
    }
  }
}
