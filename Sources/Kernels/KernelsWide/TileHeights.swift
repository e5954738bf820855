/// Rows cut into tiles whose heights differ by one at most: no row is computed in vain, and none runs
/// alone.
struct TileHeights {
  /// Number of tiles.
  let count: Int
  private let low: Int
  private let taller: Int

  /// Cuts `rows` rows into tiles of at most `most`.
  @inline(__always)
  init(_ rows: Int, most: Int) {
    count = (rows &+ most &- 1) / most
    low = rows / max(count, 1)
    taller = rows &- low &* count
  }

  /// The rows of a tile.
  @inline(__always)
  subscript(index: Int) -> Int { index < taller ? low &+ 1 : low }
}

/// The panels of the next tile, of `left` that are left, at most `most`. Two pairs have fewer loads than
/// three panels and one.
@inline(__always)
func panelsOfTile(left: Int, most: Int) -> Int {
  left == 4 && most == 3 ? 2 : min(left, most)
}
