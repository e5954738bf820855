/// Keeps as many of an image's patch tokens as its own scores say, in ascending order. One item for each image.
///
/// * `.above`: those whose score reaches the threshold, which NaN does not; none is possible.
/// * `.sampled`: with the scores in ascending order, ties to the lower, and F their running sum, from 0 at the first to 1
///   at the last, `steps` values lie evenly from the least F above 0 to 1, and each takes the token whose F is nearest,
///   of a tie the first. Of one or two tokens all are kept.
/// * `.packages`: those whose score reaches 0, which NaN does not, and the last so many of those in use, which are packages
///   already. The others become one more token behind those that are kept, where their destination is.
///
/// Places of kept that are not in use hold an index that is, or 0; the destinations of tokens that are not in use are -1.
package struct SelectArguments: KernelArguments, @unchecked Sendable {
  /// What decides.
  package enum Rule: Sendable {
    case above(Float)
    case sampled(steps: Int)
    case packages(Int)
  }

  /// What decides.
  package var rule: Rule

  /// `[images, N]`.
  package var scores: UnsafePointer<Float>

  /// Images in the batch.
  package var images: Int

  /// N, patch tokens.
  package var patches: Int

  /// Of the patch tokens.
  package var unused: UnusedRows

  /// Receives `[images, N]`: the patch position behind each new one.
  package var kept: UnsafeMutablePointer<Int32>

  /// Receives `[images, N]`: a kept token's place in `kept`, -1 for another, but for one that becomes a part of a package.
  package var destination: UnsafeMutablePointer<Int32>

  /// Receives `[images]`: how many of the N places are not in use.
  package var unusedKept: UnsafeMutablePointer<Int32>

  /// A selection with all its parts.
  package init(
    _ rule: Rule, scores: UnsafePointer<Float>, images: Int, patches: Int,
    unused: UnusedRows = UnusedRows(nil), kept: UnsafeMutablePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>, unusedKept: UnsafeMutablePointer<Int32>
  ) {
    self.rule = rule
    self.scores = scores
    self.images = images
    self.patches = patches
    self.unused = unused
    self.kept = kept
    self.destination = destination
    self.unusedKept = unusedKept
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  /// Bytes of scratch that an item needs, 64-byte aligned: a key and a sum for each token.
  package var scratchBytes: Int {
    patches * (MemoryLayout<UInt64>.stride + MemoryLayout<Float>.stride)
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.select(self, item: item, scratch: scratch)
  }
}
