/// For every query t: `output[b, t, h * headWidth + c] = sum over keys of a[h, t, key] * v[b, key, h, c]` with
/// `a[h, t, :] = softmax over keys of (scale * q[b, t, h] . k[b, key, h] + bias[h, t, key] + log(sizes[b, key]))`.
///
/// Nothing overlaps.
package struct AttentionArguments: KernelArguments, @unchecked Sendable {
  /// `[images, tokens, 3 * heads * headWidth]`: q, k, v, each head after head.
  package var qkv: InputRows

  /// `[images, queries, heads * headWidth]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// T.
  package var tokens: Int

  /// The first tokens that are queries, at most T; all of them where probabilities are wanted.
  package var queries: Int

  /// H.
  package var heads: Int

  /// d.
  package var headWidth: Int

  /// Usually `1 / sqrt(headWidth)`.
  package var scale: Float

  /// `[images, tokens]`, positive; how many patches each token stands for. `nil` adds nothing.
  package var sizes: UnsafePointer<Float>?

  /// For where tokens lie to each other. `nil` adds nothing.
  package var bias: RelativePositionBias?

  /// Of the tokens: neither keys nor queries.
  package var unused: UnusedRows

  /// Receives `[images, heads, tokens]`, the probabilities of query 0.
  package var classAttention: UnsafeMutablePointer<Float>?

  /// Receives `[images, heads, tokens, tokens]`, all probabilities, `[query, key]`.
  package var probabilities: UnsafeMutablePointer<Float>?

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// Attention of all heads, for the kernels of a set with all its parts.
  package init(
    for tiles: TileExtents,
    qkv: InputRows, output: OutputRows, images: Int, tokens: Int, queries: Int? = nil,
    heads: Int, headWidth: Int,
    scale: Float, sizes: UnsafePointer<Float>? = nil, bias: RelativePositionBias? = nil,
    unused: UnusedRows = UnusedRows(nil),
    classAttention: UnsafeMutablePointer<Float>? = nil,
    probabilities: UnsafeMutablePointer<Float>? = nil
  ) {
    self.tiles = tiles
    self.qkv = qkv
    self.output = output
    self.images = images
    self.tokens = tokens
    self.queries = queries ?? tokens
    self.heads = heads
    self.headWidth = headWidth
    self.scale = scale
    self.sizes = sizes
    self.bias = bias
    self.unused = unused
    self.classAttention = classAttention
    self.probabilities = probabilities
  }

  /// Queries that are treated together: as a panel of weights.
  package static var queryTile: Int { PanelLayout.width }

  /// How the query tiles of one head are cut into items.
  package var querySplit: EvenSplit {
    let tiles = (queries + Self.queryTile - 1) / Self.queryTile
    let wanted = 24 / max(images * heads, 1)
    return EvenSplit(tiles, minimum: max(2, self.tiles.panels), parts: max(1, min(wanted, 8)))
  }

  /// Work items of the step, `[heads, images, querySplit.parts]`, by parts of the rows.
  package var items: WorkItems { WorkItems(parts: images * querySplit.parts, runs: heads) }

  /// What an item attends to.
  package func place(_ item: Int) -> (image: Int, head: Int, part: Int) {
    let (head, row) = item.quotientAndRemainder(dividingBy: max(items.parts, 1))
    let (image, part) = row.quotientAndRemainder(dividingBy: max(querySplit.parts, 1))
    return (image, head, part)
  }

  /// Bytes of scratch that an item needs, 64-byte aligned: keys and values of a head, the scores and
  /// queries of the tiles that are multiplied at once, the sums of a tile of values, and a head's bias.
  package var scratchBytes: Int {
    let step = Self.rowStride(headWidth: headWidth)
    let floats =
      tokens * (2 * step + tiles.panels * Self.queryTile + 1)
      + (tiles.panels * step + 1) * Self.queryTile + tiles.valueVectors * PanelLayout.width
    return (wholeLines(floats) + biasFloats) * MemoryLayout<Float>.stride
  }

  /// The same in pairs, see ``PairedAttention``: the scores, queries and their three terms of the tiles that are multiplied
  /// at once, a factor of each query of one and its terms, their sums, the logarithms of sizes, and a head's bias;
  /// or as much as a head takes that is attended to directly.
  package var pairedScratchBytes: Int {
    let step = Self.rowStride(headWidth: headWidth)
    let floats =
      tokens * (tiles.panels * Self.queryTile + 1)
      + (tiles.panels * (step + 3) + step + 1 + PairedAttention.keyBlocks(tokens: tokens))
      * Self.queryTile
    return max((wholeLines(floats) + biasFloats) * MemoryLayout<Float>.stride, scratchBytes)
  }

  /// Floats of scratch for a head's bias: three numbers of eight bytes for each query of a panel, two constants, the
  /// panel's bias and a row of room, the entries of two patches and a row of room, and the tokens' places.
  private var biasFloats: Int {
    guard let grid = bias?.grid else { return 0 }
    let rows = 6 + 2 + tokens + 1 + 1
    return wholeLines(rows * Self.queryTile + grid.patchEntries + tokens)
  }

  /// Floats from one key to the next in scratch: whole vectors.
  package static func rowStride(headWidth: Int) -> Int {
    PanelLayout.panelCount(outputs: headWidth) * PanelLayout.width
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.attention(self, item: item, scratch: scratch)
  }
}
