/// Chooses the patch tokens that the class token attends to most.
///
/// `weights[i] = (sum over heads of classRows[h, prefix + i]) / heads`. The `keep` largest are kept,
/// ties go to the lower index, a NaN counts as the smallest. One item for each picture.
package struct SelectArguments: KernelArguments, @unchecked Sendable {
  /// `[pictures, heads, prefix + patches]`.
  package var classRows: UnsafePointer<Float>

  /// Pictures in the batch.
  package var pictures: Int

  /// H.
  package var heads: Int

  /// Prefix tokens, never selected.
  package var prefix: Int

  /// N, patch tokens.
  package var patches: Int

  /// K, at most N.
  package var keep: Int

  /// Where the destination of a token that is not kept goes: -1, or K when those are fused.
  package var destinationOfDropped: Int32

  /// Receives `[pictures, N]`.
  package var weights: UnsafeMutablePointer<Float>

  /// Receives `[pictures, K]`, patch positions in ascending order.
  package var kept: UnsafeMutablePointer<Int32>

  /// Receives `[pictures, N - K]`, patch positions in ascending order.
  package var dropped: UnsafeMutablePointer<Int32>

  /// Receives `[pictures, N]`: the rank of a kept token, `destinationOfDropped` for the others.
  package var destination: UnsafeMutablePointer<Int32>

  /// A selection; see the type for the meaning of its parts.
  package init(
    classRows: UnsafePointer<Float>, pictures: Int, heads: Int, prefix: Int, patches: Int,
    keep: Int, destinationOfDropped: Int32 = -1, weights: UnsafeMutablePointer<Float>,
    kept: UnsafeMutablePointer<Int32>, dropped: UnsafeMutablePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>
  ) {
    self.classRows = classRows
    self.pictures = pictures
    self.heads = heads
    self.prefix = prefix
    self.patches = patches
    self.keep = keep
    self.destinationOfDropped = destinationOfDropped
    self.weights = weights
    self.kept = kept
    self.dropped = dropped
    self.destination = destination
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: pictures) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int { patches * MemoryLayout<Float>.stride }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.select(self, item: item, scratch: scratch)
  }
}

/// Finds the most similar kept token for every token that is not kept.
///
/// `into[k]` is the index in `0..<keep` of the kept token most similar to `dropped[k]`, ties to the
/// lower; `destination[dropped[k]]` becomes the same.
package struct MatchArguments: KernelArguments, @unchecked Sendable {
  /// What similar means.
  package enum Similarity: @unchecked Sendable {
    /// Cosine of the two rows. A row of zeros has similarity 0 to all.
    case cosine
    /// Negative sum of absolute differences.
    case l1
    /// Negative Euclidean distance.
    case l2
    /// Mean over heads of what the dropped token, as query, attends to the kept one; the
    /// probabilities are `[pictures, heads, prefix + patches, prefix + patches]`.
    case attention(UnsafePointer<Float>, heads: Int)
    /// A hash of the seed, the block and the dropped token's original patch index, modulo K.
    case random(seed: UInt64, block: Int)
  }

  /// `[pictures, prefix + patches, width]`.
  package var input: InputRows

  /// Pictures in the batch.
  package var pictures: Int

  /// Prefix tokens, which take no part.
  package var prefix: Int

  /// N, patch tokens.
  package var patches: Int

  /// K, at least 1.
  package var keep: Int

  /// D.
  package var width: Int

  /// What similar means.
  package var similarity: Similarity

  /// `[pictures, K]`, ascending.
  package var kept: UnsafePointer<Int32>

  /// `[pictures, N - K]`, ascending.
  package var dropped: UnsafePointer<Int32>

  /// `[pictures, N]`, original patch index of every patch token; `nil` means its own position.
  package var origin: UnsafePointer<Int32>?

  /// Receives `[pictures, N - K]`.
  package var into: UnsafeMutablePointer<Int32>

  /// `[pictures, N]`; the dropped tokens' entries are written.
  package var destination: UnsafeMutablePointer<Int32>

  /// A matching; see the type for the meaning of its parts.
  package init(
    input: InputRows, pictures: Int, prefix: Int, patches: Int, keep: Int, width: Int,
    similarity: Similarity, kept: UnsafePointer<Int32>, dropped: UnsafePointer<Int32>,
    origin: UnsafePointer<Int32>? = nil, into: UnsafeMutablePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>
  ) {
    self.input = input
    self.pictures = pictures
    self.prefix = prefix
    self.patches = patches
    self.keep = keep
    self.width = width
    self.similarity = similarity
    self.kept = kept
    self.dropped = dropped
    self.origin = origin
    self.into = into
    self.destination = destination
  }

  /// How the dropped tokens of a picture are cut into items.
  package var split: EvenSplit { EvenSplit(patches - keep, minimum: 6, parts: 16) }

  /// Work items of the step: `[pictures, split.parts]`.
  package var items: WorkItems { WorkItems(parts: pictures * split.parts) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int { keep * MemoryLayout<Float>.stride }

  /// The hash behind ``Similarity/random(seed:block:)``: the finaliser of splitmix64 over
  /// `seed * 0x9E3779B97F4A7C15 + block * 0xBF58476D1CE4E5B9 + (patch + 1) * 0x94D049BB133111EB`,
  /// modulo 2^64; the block is counted from 0.
  package static func hash(seed: UInt64, block: Int, patch: Int32) -> UInt64 {
    var key =
      seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: block) &* 0xBF58_476D_1CE4_E5B9
    key = key &+ (UInt64(truncatingIfNeeded: patch) &+ 1) &* 0x94D0_49BB_1331_11EB
    key = (key ^ (key >> 30)) &* 0xBF58_476D_1CE4_E5B9
    key = (key ^ (key >> 27)) &* 0x94D0_49BB_1331_11EB
    return key ^ (key >> 31)
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.match(self, item: item, scratch: scratch)
  }
}
