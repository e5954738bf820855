/// `output = input` with every head's query and key normalised: `q[h] = queryNorm(q[h])`, `k[h] = keyNorm(k[h])`
/// over the head's elements. `output` may be `input` exactly.
package struct HeadNormArguments: KernelArguments, @unchecked Sendable {
  /// `[images, tokens, 3 * heads * headWidth]`: q, k, v, each head after head.
  package var input: InputRows

  /// `[images, tokens, 3 * heads * headWidth]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// T.
  package var tokens: Int

  /// H.
  package var heads: Int

  /// d.
  package var headWidth: Int

  /// Of `headWidth` elements.
  package var queryNorm: LayerNorm

  /// Of `headWidth` elements.
  package var keyNorm: LayerNorm

  /// Of the tokens.
  package var unused: UnusedRows

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// The norms of all heads, for the kernels of a set.
  package init(
    for tiles: TileExtents,
    input: InputRows, output: OutputRows, images: Int, tokens: Int, heads: Int, headWidth: Int,
    queryNorm: LayerNorm, keyNorm: LayerNorm, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.input = input
    self.output = output
    self.images = images
    self.tokens = tokens
    self.heads = heads
    self.headWidth = headWidth
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
    self.unused = unused
  }

  /// How the `images * tokens` rows are cut into items.
  package var split: RowSplit {
    RowSplit(images * tokens, width: 2 * heads * headWidth, for: tiles)
  }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.headNorm(self, item: item)
  }
}

/// `output = input` with every head's query and key of patch tokens turned: of a head x at position p, for
/// `i < half = headWidth / 2`,
/// `x[i] = x[i] cos - x[half + i] sin`, `x[half + i] = x[half + i] cos + x[i] sin`
/// with `cos = table[p][i]`, `sin = table[p][half + i]`. `output` may be `input` exactly.
package struct RotaryEmbeddingArguments: KernelArguments, @unchecked Sendable {
  /// `[images, tokens, 3 * heads * headWidth]`: q, k, v, each head after head.
  package var input: InputRows

  /// `[images, tokens, 3 * heads * headWidth]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// T.
  package var tokens: Int

  /// P, the tokens in front, which are copied.
  package var prefix: Int

  /// H.
  package var heads: Int

  /// d, even.
  package var headWidth: Int

  /// `[positions, tableHeads, headWidth]`, the same for all images.
  package var table: UnsafePointer<Float>

  /// 1, or as many as ``heads``.
  package var tableHeads: Int

  /// `[images, tokens - prefix]`: each patch token's position, or -1 for a token that has none and is copied; `nil`
  /// stands for 0, 1, 2, ...
  package var patchIndices: UnsafePointer<Int32>?

  /// Of the tokens.
  package var unused: UnusedRows

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// The rotation of all heads, for the kernels of a set.
  package init(
    for tiles: TileExtents,
    input: InputRows, output: OutputRows, images: Int, tokens: Int, prefix: Int, heads: Int,
    headWidth: Int, table: UnsafePointer<Float>, tableHeads: Int,
    patchIndices: UnsafePointer<Int32>? = nil, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.input = input
    self.output = output
    self.images = images
    self.tokens = tokens
    self.prefix = prefix
    self.heads = heads
    self.headWidth = headWidth
    self.table = table
    self.tableHeads = tableHeads
    self.patchIndices = patchIndices
    self.unused = unused
  }

  /// How the `images * tokens` rows are cut into items.
  package var split: RowSplit {
    RowSplit(images * tokens, width: 2 * heads * headWidth, for: tiles)
  }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  /// The angles of a token's position, `[tableHeads, headWidth]`; `nil` where it has none.
  package func angles(image: Int, token: Int) -> UnsafePointer<Float>? {
    let patch = token &- prefix
    guard patch >= 0 else { return nil }
    let position = patchIndices.map { Int($0[image &* (tokens &- prefix) &+ patch]) } ?? patch
    guard position >= 0 else { return nil }
    return table + position &* tableHeads &* headWidth
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.rotaryEmbedding(self, item: item)
  }
}
