/// Attention in eight bits: what ``AttentionArguments`` says, with integers in the place of queries, keys, values and
/// weights. Each head is by itself, of the tokens that are in use, in float32:
///
///     low[c]       = min of k[., c]
///     step[c]      = (max of k[., c] - low[c]) * float32(1 / 255), or 1 where that is below the least normal number
///     K[t, c]      = (k[t, c] - low[c]) * (1 / step[c]), from 0 to 255
///     r[t, c]      = q[t, c] * (step[c] * (scale * float32(log2 e)))
///     unit[t]      = max of |r[t, .]| * float32(1 / 127), or 1 likewise
///     Q[t, c]      = r[t, c] * (1 / unit[t]), from -127 to 127
///     half[c]      = (max of v[., c] - min of v[., c]) * 0.5
///     middle[c]    = min of v[., c] + half[c]
///     width[c]     = half[c] * float32(1 / 511), or 1 likewise
///     V[t, c]      = (v[t, c] - middle[c]) * (1 / width[c]), from -511 to 511
///
/// each integer the nearest, of a tie the even one. The product of a query and a key is `unit * sum of Q K` but for what
/// is the same for all keys of the query, which a softmax does not see: that is why keys need no low end, and their steps
/// can be part of the query. With largest the ``largestWeight(tokens:)``
///
///     x[t, key]    = (float32(sum of Q K) - the largest of these) * unit[t], or with sizes
///                    float32(sum of Q K) * unit[t] + log2(sizes[key]) less the largest of these
///     P[t, key]    = largest * 2^x[t, key], from 0 to largest
///     output[t, c] = middle[c] + width[c] * (float32(sum of P V) * (1 / float32(sum of P)))
///
/// Weights and values have 16 bits: of few keys that a query attends to, others may have a thousandth of the weight and
/// yet together matter, which eight bits would lose. All sums are exact integers of 32 bits, so that every set gets the
/// same ones from the same integers. Where a key or a value of a channel is not finite, `step`, or `width` and `middle`,
/// are NaN, and so is all that is made with them.
///
/// Probabilities that are asked for are those of x in float32, not of P.
///
/// In order: ``KernelSet/quantizeHeads(_:item:scratch:)``, then ``KernelSet/quantizedAttention(_:item:scratch:)`` or
/// what a ``DotKernelSet`` has in its place.
package struct QuantizedAttention: @unchecked Sendable {
  /// What is computed.
  package let attention: AttentionArguments

  /// `[images, heads]` of ``QuantizedHead``, 64-byte aligned.
  private let heads: UnsafeMutableRawPointer

  private let extents: QuantizedHead.Extents

  /// Computes attention in eight bits.
  /// - Parameter heads: room for ``headBytes(tokens:queries:headWidth:)`` of each head of each image, 64-byte aligned.
  package init(_ attention: AttentionArguments, heads: UnsafeMutableRawPointer) {
    precondition(
      Self.isPossible(tokens: attention.tokens, headWidth: attention.headWidth), "sums of 32 bits")
    self.attention = attention
    self.heads = heads
    extents = QuantizedHead.Extents(
      tokens: attention.tokens, queries: attention.queries, headWidth: attention.headWidth)
  }

  /// Values are at most this far from the middle.
  package static var largestValue: Int { 511 }

  /// The weight of the key that a query attends to most: as large as 16 bits allow, and the sum over so many tokens.
  package static func largestWeight(tokens: Int) -> Int {
    min(Int(Int16.max), Int(Int32.max) / (largestValue * max(tokens, 1)))
  }

  /// Whether sums over so many tokens and so wide heads fit in 32 bits, with weights that tell keys apart.
  package static func isPossible(tokens: Int, headWidth: Int) -> Bool {
    largestWeight(tokens: tokens) >= 255 && headWidth <= Int8PanelLayout.maximumInputs
  }

  /// Whether it is, and faster than in float32: what is quantized is read again for every panel of queries.
  package static func isFaster(tokens: Int, queries: Int, headWidth: Int) -> Bool {
    isPossible(tokens: tokens, headWidth: headWidth) && queries > AttentionArguments.queryTile
  }

  /// Bytes of a head.
  package static func headBytes(tokens: Int, queries: Int, headWidth: Int) -> Int {
    QuantizedHead.Extents(tokens: tokens, queries: queries, headWidth: headWidth).byteCount
  }

  /// The bytes of a head.
  package func head(image: Int, head: Int) -> QuantizedHead {
    QuantizedHead(
      heads + (image * attention.heads + head) * extents.byteCount, extents)
  }
}

/// Where the bytes of one head lie.
package struct QuantizedHead: @unchecked Sendable {
  /// Integers `[queryPanels][groups][16][4]`, as ``Int8PanelLayout`` has the outputs of a matrix.
  package let queries: UnsafeMutableRawPointer

  /// `[16 queryPanels]`, `unit`.
  package let units: UnsafeMutablePointer<Float>

  /// `[tokens][width]`.
  package let keys: UnsafeMutablePointer<UInt8>

  /// Integers of 16 bits, `[width / 16][tokenPairs][16][2]`.
  package let values: UnsafeMutableRawPointer

  /// `[2][width]`, the widths of values, then the middles.
  package let valueTerms: UnsafeMutablePointer<Float>

  /// How much there is of each.
  package let extents: Extents

  /// The counts from which the places follow.
  package struct Extents: Sendable {
    /// The channels of a head, up to a multiple of 16.
    package let width: Int

    /// Groups of four channels.
    package let groups: Int

    /// Panels of 16 queries.
    package let queryPanels: Int

    /// Pairs of tokens.
    package let tokenPairs: Int

    /// Where each part begins; no array, which kernels would have to retain.
    fileprivate let units, keys, values, valueTerms: Int

    /// Bytes of a head.
    let byteCount: Int

    init(tokens: Int, queries: Int, headWidth: Int) {
      let panels = PanelLayout.panelCount(outputs: headWidth)
      let panel = PanelLayout.width * Int8PanelLayout.group
      let float = MemoryLayout<Float>.stride
      width = panels * PanelLayout.width
      groups = Int8PanelLayout.groupCount(inputs: headWidth)
      queryPanels = PanelLayout.panelCount(outputs: queries)
      tokenPairs = (tokens + 1) / 2
      func end(_ start: Int, _ bytes: Int) -> Int { start + (bytes + 63) / 64 * 64 }
      units = end(0, queryPanels * groups * panel)
      keys = end(units, queryPanels * PanelLayout.width * float)
      values = end(keys, tokens * width)
      valueTerms = end(values, panels * tokenPairs * panel)
      byteCount = end(valueTerms, 2 * width * float)
    }
  }

  init(_ base: UnsafeMutableRawPointer, _ extents: Extents) {
    self.extents = extents
    queries = base
    units = (base + extents.units).assumingMemoryBound(to: Float.self)
    keys = (base + extents.keys).assumingMemoryBound(to: UInt8.self)
    values = base + extents.values
    valueTerms = (base + extents.valueTerms).assumingMemoryBound(to: Float.self)
  }
}

/// The first of the two kernels, which quantizes queries, keys and values.
package struct QuantizedHeadsArguments: KernelArguments {
  /// What is computed.
  package let layer: QuantizedAttention

  /// Quantizes the heads.
  package init(_ layer: QuantizedAttention) { self.layer = layer }

  /// Work items of the step, a head each, by images.
  package var items: WorkItems {
    WorkItems(parts: layer.attention.images, runs: layer.attention.heads)
  }

  /// Bytes of scratch that an item needs, 64-byte aligned: queries, keys and values of a head whose channels are no
  /// multiple of 16, a channel's factors, a query, and the bytes of 16 queries.
  package var scratchBytes: Int {
    let width = AttentionArguments.rowStride(headWidth: layer.attention.headWidth)
    let gathered = layer.attention.headWidth == width ? 0 : 3 * layer.attention.tokens * width
    return (gathered + 2 * width + PanelLayout.width / 4 * width) * MemoryLayout<Float>.stride
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.quantizeHeads(layer, item: item, scratch: scratch)
  }
}

/// The second of the two kernels, which attends.
package struct QuantizedAttentionArguments: KernelArguments {
  /// What is computed.
  package let layer: QuantizedAttention

  /// Kernels whose processor adds products of bytes in one instruction; nil where it does not.
  package let dot: (any DotKernelSet.Type)?

  /// Attends to heads that are quantized.
  package init(_ layer: QuantizedAttention, dot: (any DotKernelSet.Type)?) {
    precondition(dot.map { $0.tiles == layer.attention.tiles } ?? true, "cut for other kernels")
    self.layer = layer
    self.dot = dot
  }

  /// Work items of the step, as those of ``AttentionArguments``.
  package var items: WorkItems { layer.attention.items }

  /// Bytes of scratch that an item needs, 64-byte aligned: the scores of the panels of queries that are multiplied at
  /// once, the weights of one, its sums, the logarithms of sizes, and for those instructions that take no bytes keys and
  /// queries in 16 bits.
  package var scratchBytes: Int {
    let (a, tiles) = (layer.attention, layer.attention.tiles)
    let head = layer.head(image: 0, head: 0).extents
    let panel = PanelLayout.width * Int8PanelLayout.group
    let floats =
      (a.tokens * tiles.panels + PanelLayout.width * tiles.panels + 1) * PanelLayout.width
      + wholeLines(a.tokens)
    let weights = head.tokenPairs * panel
    let widened = 2 * (a.tokens * head.width + tiles.panels * head.groups * panel)
    return floats * MemoryLayout<Float>.stride + weights + (dot == nil ? widened : 0)
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    if let dot {
      dot.quantizedAttention(layer, item: item, scratch: scratch)
    } else {
      kernels.quantizedAttention(layer, item: item, scratch: scratch)
    }
  }
}
