/// Divides patch tokens into K that are kept and N - K that are dropped. One item for each image.
///
/// Of values that are equal, that of the lower index counts as the larger; a NaN is below everything.
///
/// With a ``Variation``, images have n of N tokens and keep k of K: those of the K largest values, or of
/// n, that are not below the threshold, and at least the largest. Places that are not in use then repeat an
/// index that is, so that whatever follows one stays inside; the destinations of tokens that are not in use
/// are as those of dropped ones.
package struct PartitionArguments: KernelArguments, @unchecked Sendable {
  /// What decides.
  package enum Order: @unchecked Sendable {
    /// `[images, N]`: the tokens of the K largest values are kept, in ascending order.
    case importance(UnsafePointer<Float>)

    /// Edges as ``BipartiteAssignArguments`` finds them, `[images, A]` each, from set A, the positions
    /// `first`, `first + 2`, ..., to set B, the others. The tokens at the N - K largest scores are
    /// dropped, and kept are first A's others in their order, then B.
    case edges(score: UnsafePointer<Float>, best: UnsafePointer<Int32>, first: Int)
  }

  /// How many tokens an image has and keeps.
  package struct Variation: @unchecked Sendable {
    /// Of the N tokens; by importance alone.
    package var unused: UnusedRows

    /// Values below are not kept, but for the largest of an image; `nil` keeps as many as there are.
    package var threshold: Float?

    /// Receives `[images]`: K - k.
    package var unusedKept: UnsafeMutablePointer<Int32>

    /// Numbers that differ.
    package init(
      unused: UnusedRows = UnusedRows(nil), threshold: Float?,
      unusedKept: UnsafeMutablePointer<Int32>
    ) {
      self.unused = unused
      self.threshold = threshold
      self.unusedKept = unusedKept
    }
  }

  /// What decides.
  package var order: Order

  /// Images in the batch.
  package var images: Int

  /// N, patch tokens.
  package var patches: Int

  /// K, at most N, and with edges at least N - A.
  package var keep: Int

  /// By importance, dropped tokens become one more row, behind the last that is kept.
  package var appendsRow: Bool

  /// By importance: what differs from image to image; `nil` where all have N tokens and keep K.
  package var variation: Variation?

  /// Receives `[images, K]`: the patch position behind each new one.
  package var kept: UnsafeMutablePointer<Int32>

  /// Receives `[images, droppedPlaces]`, patch positions in ascending order.
  package var dropped: UnsafeMutablePointer<Int32>

  /// Receives `[images, N]`: a kept token's place in `kept`; a dropped token's with edges its best's in B,
  /// otherwise that of the row that is appended, or -1.
  package var destination: UnsafeMutablePointer<Int32>

  /// A partition with all its parts.
  package init(
    _ order: Order, images: Int, patches: Int, keep: Int, appendsRow: Bool = false,
    variation: Variation? = nil, kept: UnsafeMutablePointer<Int32>,
    dropped: UnsafeMutablePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>
  ) {
    self.order = order
    self.images = images
    self.patches = patches
    self.keep = keep
    self.appendsRow = appendsRow
    self.variation = variation
    self.kept = kept
    self.dropped = dropped
    self.destination = destination
  }

  /// Places of dropped tokens: N - K, or all but one where images keep different numbers.
  package var droppedPlaces: Int { patches - (variation == nil ? keep : 1) }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int { patches * MemoryLayout<Float>.stride }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.partition(self, item: item, scratch: scratch)
  }
}
