/// Writes the tokens that are left after a reduction.
///
/// Prefix rows are copied. New patch row j stands for old patch `kept[j]` and, when
/// `mode == .mean`, for every other old patch i with `destination[i] == j`:
/// `(w[kept[j]] * x[kept[j]] + sum w[i] * x[i]) / (w[kept[j]] + sum w[i])`, the others in ascending
/// order of i. A row that stands for one old token is copied as it is. With `.sum` one more row
/// follows, `sum of w[i] * x[i]` over all i that are not kept, ascending.
///
/// Sizes add up over the tokens that a row stands for (`.drop`: the kept token's own). A row's patch index is
/// that of `kept[j]`; a row that is appended takes the lowest of its tokens. Nothing overlaps.
///
/// Where tokens are not in use, `.sum` appends its row behind the last kept that is, at the index of which its
/// tokens have their destination. Of new rows that are not in use only the patch index is written, any that
/// is in use.
package struct GatherArguments: KernelArguments, @unchecked Sendable {
  /// `[images, prefix + patches, width]`.
  package var input: InputRows

  /// `[images, prefix + newPatches, width]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Prefix tokens.
  package var prefix: Int

  /// N, old patch tokens.
  package var patches: Int

  /// K, kept patch tokens; the row that `.sum` appends is not among them.
  package var keep: Int

  /// D: the elements of a row.
  package var width: Int

  /// What becomes of the others.
  package var mode: GatherMode

  /// Of the old patch tokens.
  package var unused: UnusedRows

  /// Of the new ones.
  package var unusedNew: UnusedRows

  /// `[images, K]`: the old patch behind each new one, in any order.
  package var kept: UnsafePointer<Int32>

  /// `[images, N]`: the new patch behind each old one, -1 for none; with `.sum`, the one behind
  /// those that the image keeps.
  package var destination: UnsafePointer<Int32>

  /// w, one for each old patch; image b's begin at `b * weightStride`. `nil` means all 1.
  package var weights: UnsafePointer<Float>?

  /// Floats from one image's weights to the next.
  package var weightStride: Int

  /// `[images, prefix + patches]`; `nil` means all 1.
  package var sizes: UnsafePointer<Float>?

  /// Receives `[images, new tokens]`, prefix included.
  package var newSizes: UnsafeMutablePointer<Float>?

  /// `[images, patches]`, original patch indices; `nil` means that patch i has index i.
  package var patchIndices: UnsafePointer<Int32>?

  /// Receives `[images, new patches]`; a sum has no index, -1.
  package var newPatchIndices: UnsafeMutablePointer<Int32>?

  /// A gathering with all its parts.
  package init(
    input: InputRows, output: OutputRows, images: Int, prefix: Int, patches: Int, keep: Int,
    width: Int, mode: GatherMode, kept: UnsafePointer<Int32>, destination: UnsafePointer<Int32>,
    weights: UnsafePointer<Float>? = nil, weightStride: Int = 0,
    sizes: UnsafePointer<Float>? = nil, newSizes: UnsafeMutablePointer<Float>? = nil,
    patchIndices: UnsafePointer<Int32>? = nil, newPatchIndices: UnsafeMutablePointer<Int32>? = nil,
    unused: UnusedRows = UnusedRows(nil), unusedNew: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.output = output
    self.images = images
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
    self.patchIndices = patchIndices
    self.newPatchIndices = newPatchIndices
    self.unused = unused
    self.unusedNew = unusedNew
  }

  /// New patch tokens, with the row that `.sum` appends.
  package var newPatches: Int { keep + (mode == .sum ? 1 : 0) }

  /// How the new rows of an image, prefix included, are cut into items.
  package var split: EvenSplit { EvenSplit(prefix + newPatches, minimum: 8, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.gather(self, item: item)
  }
}
