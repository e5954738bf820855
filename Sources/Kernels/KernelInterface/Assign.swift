/// Finds the most similar kept token for every dropped one.
///
/// `destination[dropped[k]]` becomes the index in `0..<keep` of the kept token most similar to
/// `dropped[k]`, ties to the lower.
package struct AssignArguments: KernelArguments, @unchecked Sendable {
  /// `[images, prefix + patches, width]`.
  package var input: InputRows

  /// Images in the batch.
  package var images: Int

  /// Prefix tokens, which take no part.
  package var prefix: Int

  /// N, patch tokens.
  package var patches: Int

  /// K, at least 1.
  package var keep: Int

  /// D: the elements of a row.
  package var width: Int

  /// What similar means.
  package var similarity: Similarity

  /// `[images, K]`.
  package var kept: UnsafePointer<Int32>

  /// Of the N patch tokens.
  package var unused: UnusedRows

  /// Of the K that are kept. With any, dropped has places for all tokens but one.
  package var unusedKept: UnusedRows

  /// `[images, droppedPlaces]`.
  package var dropped: UnsafePointer<Int32>

  /// `[images, N]`; the dropped tokens' entries are written.
  package var destination: UnsafeMutablePointer<Int32>

  /// `[images, heads, prefix + patches, prefix + patches]`, for the attention similarity: the dropped
  /// token is the query.
  package var probabilities: UnsafePointer<Float>?

  /// H of the probabilities.
  package var heads: Int

  /// `[images, N]`, original patch index of every patch token, for the random similarity; `nil` means
  /// its own position.
  package var patchIndices: UnsafePointer<Int32>?

  /// For the random similarity.
  package var seed: UInt64

  /// For the random similarity, counted from 0.
  package var block: Int

  /// An assignment with all its parts.
  package init(
    input: InputRows, images: Int, prefix: Int, patches: Int, keep: Int, width: Int,
    similarity: Similarity, kept: UnsafePointer<Int32>, dropped: UnsafePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>, probabilities: UnsafePointer<Float>? = nil,
    heads: Int = 0, patchIndices: UnsafePointer<Int32>? = nil, seed: UInt64 = 0, block: Int = 0,
    unused: UnusedRows = UnusedRows(nil), unusedKept: UnusedRows = UnusedRows(nil)
  ) {
    precondition(similarity != .attention || probabilities != nil, "probabilities")
    self.input = input
    self.images = images
    self.prefix = prefix
    self.patches = patches
    self.keep = keep
    self.width = width
    self.similarity = similarity
    self.kept = kept
    self.dropped = dropped
    self.destination = destination
    self.probabilities = probabilities
    self.heads = heads
    self.patchIndices = patchIndices
    self.seed = seed
    self.block = block
    self.unused = unused
    self.unusedKept = unusedKept
  }

  /// Places of dropped tokens.
  package var droppedPlaces: Int { patches - (unusedKept.isEmpty ? keep : 1) }

  /// Kept and dropped tokens of an image.
  package func used(image: Int) -> (kept: Int, dropped: Int) {
    let kept = unusedKept.used(of: keep, image: image)
    return (kept, min(unused.used(of: patches, image: image) - kept, droppedPlaces))
  }

  /// How the dropped tokens of an image are cut into items.
  package var split: EvenSplit { EvenSplit(droppedPlaces, minimum: 6, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int { keep * MemoryLayout<Float>.stride }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.assign(self, item: item, scratch: scratch)
  }

  /// The hash behind ``Similarity/random``, of which the remainder by K is taken: the finaliser of
  /// splitmix64 over
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
}
