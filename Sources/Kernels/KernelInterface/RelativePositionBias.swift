/// A grid of patches, behind 0 or 1 token, of which any two have an entry in a table for where they lie to each other
/// (relative position bias, as BEiT has it).
///
/// With `place(p) = row * (2 * columns - 1) + column` of a patch p, the entry of a query at p and a key at q is
/// `place(p) - place(q) + centre`. Behind these of patches there are three for a prefix token: of it as query and a patch
/// as key, of a patch and it, and of it and itself.
package struct RelativeGrid: Sendable, Hashable {
  package let rows: Int
  package let columns: Int

  /// Tokens in front of the patches, 0 or 1.
  package let prefix: Int

  /// Nil where that is more than kernels count with, or no grid.
  package init?(rows: Int, columns: Int, prefix: Int) {
    guard (1...4096).contains(rows), (1...4096).contains(columns), (0...1).contains(prefix) else {
      return nil
    }
    self.rows = rows
    self.columns = columns
    self.prefix = prefix
  }

  package var patches: Int { rows * columns }

  /// Entries of two patches.
  package var patchEntries: Int { (2 * rows - 1) * (2 * columns - 1) }

  /// All entries of a head.
  package var entries: Int { patchEntries + 3 * prefix }

  /// The entry of a patch and itself.
  package var centre: Int { patchEntries / 2 }

  package func place(ofPatch patch: Int) -> Int {
    let (row, column) = patch.quotientAndRemainder(dividingBy: columns)
    return row * (2 * columns - 1) + column
  }

  /// The entry of a query and a key, tokens of the whole grid with its prefix.
  package func entry(query: Int, key: Int) -> Int {
    switch (query < prefix, key < prefix) {
    case (false, false):
      place(ofPatch: query - prefix) - place(ofPatch: key - prefix) + centre
    case (true, false): patchEntries
    case (false, true): patchEntries + 1
    case (true, true): patchEntries + 2
    }
  }
}

/// What ``AttentionArguments`` add to `scale * q . k` of a query and a key: the head's entry of the table. A token of
/// patch index -1 has none, as query and as key.
package struct RelativePositionBias: @unchecked Sendable {
  package let grid: RelativeGrid

  /// `[heads, grid.entries]`.
  package let table: UnsafePointer<Float>

  /// `[images, tokens - grid.prefix]`: each patch token's patch, or -1; `nil` stands for 0, 1, 2, ...
  package let patchIndices: UnsafePointer<Int32>?

  /// The bias of all heads.
  package init(
    grid: RelativeGrid, table: UnsafePointer<Float>, patchIndices: UnsafePointer<Int32>? = nil
  ) {
    self.grid = grid
    self.table = table
    self.patchIndices = patchIndices
  }

  /// Of a token in front of the patches, where its place would stand.
  package static var prefixPlace: Int32 { -1 }

  /// Of a token that stands for no patch.
  package static var noPlace: Int32 { -2 }

  /// Writes the place of each of an image's tokens.
  package func writePlaces(
    image: Int, tokens: Int, of allTokens: Int, to places: UnsafeMutablePointer<Int32>
  ) {
    for token in 0..<min(grid.prefix, tokens) { places[token] = Self.prefixPlace }
    let patches = allTokens - grid.prefix
    for patch in 0..<max(0, tokens - grid.prefix) {
      let index = patchIndices.map { Int($0[image * patches + patch]) } ?? patch
      places[grid.prefix + patch] =
        index < 0 ? Self.noPlace : Int32(truncatingIfNeeded: grid.place(ofPatch: index))
    }
  }

  /// The bias of a head for a query and a key at these places.
  package func value(head: Int, query: Int32, key: Int32) -> Float {
    guard query != Self.noPlace, key != Self.noPlace else { return 0 }
    let own = table + head * grid.entries
    switch (query >= 0, key >= 0) {
    case (true, true): return own[Int(query) - Int(key) + grid.centre]
    case (false, true): return own[grid.patchEntries]
    case (true, false): return own[grid.patchEntries + 1]
    case (false, false): return own[grid.patchEntries + 2]
    }
  }
}
