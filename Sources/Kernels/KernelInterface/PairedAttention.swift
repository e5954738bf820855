/// Attention by Winograd's inner product: what ``AttentionArguments`` says, with additions in the place of a third of its
/// multiplications. ``PairedLinearArguments`` tells how, and where that is a gain.
///
/// Two neighbouring channels of a query and a key are a pair, and of the weights and values two neighbouring keys. What
/// is multiplied is brought to one size by powers of two, which are exact: the mean square of each query and key next to
/// 1, and of n tokens that of each channel of the values next to 1 / sqrt(n), as that of weights is between 1 / n and 1.
///
/// No weight is below 0, so that the sum of the products of their pairs could be far larger than what it is taken from.
/// Hence the signs of every other pair of keys are such that its terms are taken from those of the pair before,
///
///     x0 w0 + x1 w1 = (x0 - w1) (w0 - x1) + x0 x1 + w0 w1
///
/// and what is taken is taken of every ``keysTogether`` keys anew, before it adds up.
///
/// A head is attended to directly if powers of two do not bring its numbers to one size: where a query, a key or a
/// channel of the values is zero or beyond 2^40 times that, or where few values of a channel are so much larger than the
/// others that what is added to these would take their digits.
///
/// In order: ``PairedKernelSet/pairedHeads(_:item:)``, then ``PairedKernelSet/pairedAttention(_:item:scratch:)``.
package struct PairedAttention: @unchecked Sendable {
  /// What is computed.
  package let attention: AttentionArguments

  /// `[images, heads]` of ``PairedHead``, 64-byte aligned.
  package let heads: UnsafeMutablePointer<Float>

  /// Computes attention, whether or not that is faster so.
  /// - Parameter heads: room for ``headFloats(tokens:headWidth:)`` of each head of each image, 64-byte aligned.
  package init(_ attention: AttentionArguments, heads: UnsafeMutablePointer<Float>) {
    self.attention = attention
    self.heads = heads
  }

  /// Whether it is faster on a processor that adds beside multiplying; depends on the extents of an image only, so that
  /// every batch gets the same bits. Few queries cost as much as preparing the keys does.
  package static func isFaster(tokens: Int, queries: Int, headWidth: Int) -> Bool {
    tokens >= 64 && queries >= 4 * AttentionArguments.queryTile && headWidth >= 16
  }

  /// Keys whose values are summed before the next ones: as many as stay in the first-level cache with the weights of a
  /// tile's queries, and a multiple of 6, so that pairs begin anew.
  package static var keysTogether: Int { 78 }

  /// How many times values are summed so.
  package static func keyBlocks(tokens: Int) -> Int { (tokens + keysTogether - 1) / keysTogether }

  /// Floats of a head: whole cache lines.
  package static func headFloats(tokens: Int, headWidth: Int) -> Int {
    let width = AttentionArguments.rowStride(headWidth: headWidth)
    return 2 * tokens * width + wholeLines(2 * tokens) + (keyBlocks(tokens: tokens) + 1) * width
      + wholeLines(2)
  }
}

/// Where the parts of one prepared head lie; its width is the channels, up to a multiple of 16.
package struct PairedHead: @unchecked Sendable {
  /// `[tokens][width]`, scaled.
  package let keys: UnsafeMutablePointer<Float>

  /// `[tokens][width]`, scaled.
  package let values: UnsafeMutablePointer<Float>

  /// `[tokens][2]`: the sum of products of a key's pairs, and by what its sums are multiplied.
  package let keyTerms: UnsafeMutablePointer<Float>

  /// `[width]`: by what a channel's sums are multiplied.
  package let valueFactors: UnsafeMutablePointer<Float>

  /// `[keyBlocks][width]`: the sums of products of a channel's pairs.
  package let valueTerms: UnsafeMutablePointer<Float>

  /// `[2]`: whether queries and keys, and whether values are of sizes that suit pairs; 0 where they are not.
  package let suits: UnsafeMutablePointer<Float>

  /// Floats from one key or value to the next.
  package let width: Int

  /// One of the heads that ``PairedAttention`` has at `heads`.
  package init(
    of attention: AttentionArguments, in heads: UnsafeMutablePointer<Float>, image: Int, head: Int
  ) {
    let (tokens, headWidth) = (attention.tokens, attention.headWidth)
    let floats = PairedAttention.headFloats(tokens: tokens, headWidth: headWidth)
    width = AttentionArguments.rowStride(headWidth: headWidth)
    keys = heads + (image * attention.heads + head) * floats
    values = keys + tokens * width
    keyTerms = values + tokens * width
    valueFactors = keyTerms + wholeLines(2 * tokens)
    valueTerms = valueFactors + width
    suits = valueTerms + PairedAttention.keyBlocks(tokens: tokens) * width
  }
}

/// The first of the two kernels, which prepares keys and values.
package struct PairedHeadsArguments: KernelArguments {
  /// What is computed.
  package let layer: PairedAttention

  /// The kernels that multiply in pairs, which not every set has.
  package let kernels: any PairedKernelSet.Type

  /// Prepares the heads.
  package init(_ layer: PairedAttention, kernels: any PairedKernelSet.Type) {
    self.layer = layer
    self.kernels = kernels
  }

  /// Work items of the step, by images: the keys of each head, and its values.
  package var items: WorkItems {
    WorkItems(parts: layer.attention.images, runs: 2 * layer.attention.heads)
  }

  package func run(_ item: Int, on _: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.pairedHeads(layer, item: item)
  }
}

/// The second of the two kernels, which attends.
package struct PairedAttentionArguments: KernelArguments {
  /// What is computed.
  package let layer: PairedAttention

  /// The kernels that multiply in pairs, which not every set has.
  package let kernels: any PairedKernelSet.Type

  /// Attends to heads that are prepared.
  package init(_ layer: PairedAttention, kernels: any PairedKernelSet.Type) {
    precondition(kernels.tiles == layer.attention.tiles, "cut for other kernels")
    self.layer = layer
    self.kernels = kernels
  }

  /// Work items of the step, as those of ``AttentionArguments``.
  package var items: WorkItems { layer.attention.items }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int { layer.attention.pairedScratchBytes }

  package func run(_ item: Int, on _: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.pairedAttention(layer, item: item, scratch: scratch)
  }
}
