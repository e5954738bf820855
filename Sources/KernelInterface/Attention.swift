/// `output[b, t, h * headWidth + c] = sum over keys of a[h, t, key] * v[b, key, h, c]` with
/// `a[h, t, :] = softmax over keys of (scale * q[b, t, h] . k[b, key, h] + log(sizes[b, key]))`.
///
/// Nothing overlaps.
package struct AttentionArguments: @unchecked Sendable {
  /// `[pictures, tokens, 3 * heads * headWidth]`: q, k, v, each head after head.
  package var qkv: InputRows

  /// `[pictures, tokens, heads * headWidth]`.
  package var output: OutputRows

  /// Pictures in the batch.
  package var pictures: Int

  /// T.
  package var tokens: Int

  /// H.
  package var heads: Int

  /// d.
  package var headWidth: Int

  /// Usually `1 / sqrt(headWidth)`.
  package var scale: Float

  /// `[pictures, tokens]`, positive; how many patches each token stands for. `nil` adds nothing.
  package var sizes: UnsafePointer<Float>?

  /// Receives `[pictures, heads, tokens]`, the probabilities of query 0.
  package var classRows: UnsafeMutablePointer<Float>?

  /// Receives `[pictures, heads, tokens, tokens]`, all probabilities, `[query, key]`.
  package var probabilities: UnsafeMutablePointer<Float>?

  /// Attention of all heads; see the type for the meaning of its parts.
  package init(
    qkv: InputRows, output: OutputRows, pictures: Int, tokens: Int, heads: Int, headWidth: Int,
    scale: Float, sizes: UnsafePointer<Float>? = nil,
    classRows: UnsafeMutablePointer<Float>? = nil,
    probabilities: UnsafeMutablePointer<Float>? = nil
  ) {
    self.qkv = qkv
    self.output = output
    self.pictures = pictures
    self.tokens = tokens
    self.heads = heads
    self.headWidth = headWidth
    self.scale = scale
    self.sizes = sizes
    self.classRows = classRows
    self.probabilities = probabilities
  }

  /// Queries that are treated together.
  package static let queryTile = 16

  /// How the query tiles of one head are cut into items.
  package var querySplit: EvenSplit {
    let tiles = (tokens + Self.queryTile - 1) / Self.queryTile
    let wanted = 24 / max(pictures * heads, 1)
    return EvenSplit(tiles, minimum: 2, parts: max(1, min(wanted, 8)))
  }

  /// Work items of the step: `[pictures, heads, querySplit.parts]`.
  package var itemCount: Int { pictures * heads * querySplit.parts }

  /// Bytes of scratch that an item needs, 64-byte aligned: keys and values of a head with padded
  /// rows, the scores of a tile, the transposed queries and outputs of a tile, and one row of
  /// logarithms.
  package var scratchBytes: Int {
    let width = paddedStride(headWidth)
    let tokensUp = (tokens + 15) / 16 * 16
    let floats =
      2 * tokensUp * width + tokensUp * Self.queryTile + 2 * width * Self.queryTile + tokensUp
      + 4 * Self.queryTile
    return floats * MemoryLayout<Float>.stride
  }
}
