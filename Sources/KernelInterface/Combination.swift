/// Writes the token set that remains after a reduction.
///
/// Prefix rows are copied. New patch row j stands for old patch `kept[j]` and, when
/// `mode == .merge`, for every other old patch i with `destination[i] == j`:
/// `(w[kept[j]] * x[kept[j]] + sum w[i] * x[i]) / (w[kept[j]] + sum w[i])`, the others in ascending
/// order of i. A row that stands for one old token is copied as it is. With `.fuse` one more row
/// follows, `sum of w[i] * x[i]` over all i that are not kept, ascending.
///
/// Sizes add up over the tokens that a row stands for (`.drop`: the kept token's own). A row's origin is
/// that of `kept[j]`; a fused row takes the lowest origin among its tokens. Nothing overlaps.
package struct CombineArguments: KernelArguments, @unchecked Sendable {
  /// What becomes of the tokens that are not kept.
  package enum Mode: UInt8, Sendable {
    /// They are averaged into their destination.
    case merge
    /// They are discarded.
    case drop
    /// They are summed into one more row, the last.
    case fuse
  }

  /// `[pictures, prefix + patches, width]`.
  package var input: InputRows

  /// `[pictures, prefix + keep (+ 1 for fuse), width]`.
  package var output: OutputRows

  /// Pictures in the batch.
  package var pictures: Int

  /// Prefix tokens.
  package var prefix: Int

  /// N, old patch tokens.
  package var patches: Int

  /// K, kept patch tokens, without the fused one.
  package var keep: Int

  /// D.
  package var width: Int

  /// What becomes of the others.
  package var mode: Mode

  /// `[pictures, K]`: the old patch behind each new one, in any order.
  package var kept: UnsafePointer<Int32>

  /// `[pictures, N]`: the new patch behind each old one, -1 for none; with `.fuse`, K.
  package var destination: UnsafePointer<Int32>

  /// w, one for each old patch; picture b's begin at `b * weightStride`. `nil` means all 1.
  package var weights: UnsafePointer<Float>?

  /// Floats from one picture's weights to the next.
  package var weightStride: Int

  /// `[pictures, prefix + patches]`; `nil` means all 1.
  package var sizes: UnsafePointer<Float>?

  /// Receives `[pictures, new tokens]`, prefix included.
  package var newSizes: UnsafeMutablePointer<Float>?

  /// `[pictures, patches]`; `nil` means that patch i has origin i.
  package var origin: UnsafePointer<Int32>?

  /// Receives `[pictures, new patches]`.
  package var newOrigin: UnsafeMutablePointer<Int32>?

  /// A combination; see the type for the meaning of its parts.
  package init(
    input: InputRows, output: OutputRows, pictures: Int, prefix: Int, patches: Int, keep: Int,
    width: Int, mode: Mode, kept: UnsafePointer<Int32>, destination: UnsafePointer<Int32>,
    weights: UnsafePointer<Float>? = nil, weightStride: Int = 0,
    sizes: UnsafePointer<Float>? = nil, newSizes: UnsafeMutablePointer<Float>? = nil,
    origin: UnsafePointer<Int32>? = nil, newOrigin: UnsafeMutablePointer<Int32>? = nil
  ) {
    self.input = input
    self.output = output
    self.pictures = pictures
    self.prefix = prefix
    self.patches = patches
    self.keep = keep
    self.width = width
    self.mode = mode
    self.kept = kept
    self.destination = destination
    self.weights = weights
    self.weightStride = weightStride
    self.sizes = sizes
    self.newSizes = newSizes
    self.origin = origin
    self.newOrigin = newOrigin
  }

  /// New patch tokens, the fused one included.
  package var newPatches: Int { keep + (mode == .fuse ? 1 : 0) }

  /// How the new rows of a picture, prefix included, are cut into items.
  package var split: EvenSplit { EvenSplit(prefix + newPatches, minimum: 8, parts: 16) }

  /// Work items of the step: `[pictures, split.parts]`.
  package var items: WorkItems { WorkItems(parts: pictures * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.combine(self, item: item)
  }
}

/// The first half of bipartite soft matching: every odd patch position (set A) finds the even one (set
/// B) whose key, averaged over heads, has the highest cosine with its own; ties go to the lower.
package struct BipartiteMatchArguments: KernelArguments, @unchecked Sendable {
  /// `[pictures, prefix + patches, 3 * heads * headWidth]`, of which the keys are read.
  package var qkv: InputRows

  /// Pictures in the batch.
  package var pictures: Int

  /// Prefix tokens, which take no part.
  package var prefix: Int

  /// N, patch tokens, at least 2.
  package var patches: Int

  /// H.
  package var heads: Int

  /// d.
  package var headWidth: Int

  /// Receives `[pictures, N / 2]`: for A's token a (patch 2a + 1) the index in B of its best (patch
  /// 2b).
  package var best: UnsafeMutablePointer<Int32>

  /// Receives `[pictures, N / 2]`: that best's cosine.
  package var score: UnsafeMutablePointer<Float>

  /// A matching; see the type for the meaning of its parts.
  package init(
    qkv: InputRows, pictures: Int, prefix: Int, patches: Int, heads: Int, headWidth: Int,
    best: UnsafeMutablePointer<Int32>, score: UnsafeMutablePointer<Float>
  ) {
    self.qkv = qkv
    self.pictures = pictures
    self.prefix = prefix
    self.patches = patches
    self.heads = heads
    self.headWidth = headWidth
    self.best = best
    self.score = score
  }

  /// How A's tokens are cut into items.
  package var split: EvenSplit { EvenSplit(patches / 2, minimum: 12, parts: 8) }

  /// Work items of the step: `[pictures, split.parts]`.
  package var items: WorkItems { WorkItems(parts: pictures * split.parts) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int {
    ((patches + 1) / 2 + 1) * paddedStride(headWidth) * MemoryLayout<Float>.stride
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.bipartiteMatch(self, item: item, scratch: scratch)
  }
}

/// The second half: the `patches - keep` edges with the highest score merge, ties to the lower a. The
/// new order is A's survivors in their order, then B. One item for each picture.
///
/// The rows are then written by ``CombineArguments`` with `mode: .merge` and the sizes as weights.
package struct BipartiteSelectArguments: KernelArguments, @unchecked Sendable {
  /// Pictures in the batch.
  package var pictures: Int

  /// N, patch tokens.
  package var patches: Int

  /// K, with `N - K <= N / 2`.
  package var keep: Int

  /// `[pictures, N / 2]` from ``BipartiteMatchArguments``.
  package var best: UnsafePointer<Int32>

  /// `[pictures, N / 2]` from ``BipartiteMatchArguments``.
  package var score: UnsafePointer<Float>

  /// Receives `[pictures, K]`: the old patch behind each new one.
  package var kept: UnsafeMutablePointer<Int32>

  /// Receives `[pictures, N]`: the new patch behind each old one.
  package var destination: UnsafeMutablePointer<Int32>

  /// A choice of edges; see the type for the meaning of its parts.
  package init(
    pictures: Int, patches: Int, keep: Int, best: UnsafePointer<Int32>,
    score: UnsafePointer<Float>, kept: UnsafeMutablePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>
  ) {
    self.pictures = pictures
    self.patches = patches
    self.keep = keep
    self.best = best
    self.score = score
    self.kept = kept
    self.destination = destination
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: pictures) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int { patches * MemoryLayout<Float>.stride }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.bipartiteSelect(self, item: item, scratch: scratch)
  }
}
