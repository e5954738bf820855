/// Takes away R = N - K patch tokens, each into another, where that costs least. One item for each image.
///
/// With `u[i] = N * importance[i]`, token i costs `sqrt(u[i]) * max(1 - similarity[i], 1e-6)` to take away into
/// `nearest[i]`. Tokens are gone through by ascending cost, ties and tokens without a number by index. One that
/// something has joined already stays, as does one whose nearest has left; others leave until R have. Where too few
/// do, those that have neither left nor been joined look for the nearest again, among tokens that have not left.
///
/// What has left is never joined, so that R up to N / 2 can always be found.
package struct GreedyPartitionArguments: KernelArguments, @unchecked Sendable {
  /// `[images, prefix + patches, width]`.
  package var input: InputRows

  /// Images in the batch.
  package var images: Int

  /// Prefix tokens, which take no part.
  package var prefix: Int

  /// N, patch tokens, at least 2.
  package var patches: Int

  /// K, from `N - N / 2` to N.
  package var keep: Int

  /// D: the elements of a row.
  package var width: Int

  /// `[images, N]`.
  package var importance: UnsafePointer<Float>

  /// `[images, N]`, from ``NearestAssignArguments``.
  package var nearest: UnsafePointer<Int32>

  /// `[images, N]`, as well.
  package var similarity: UnsafePointer<Float>

  /// `[images, prefix + N]`: how many patches each token stands for.
  package var sizes: UnsafePointer<Float>

  /// Receives `[images, K]`, patch positions in ascending order.
  package var kept: UnsafeMutablePointer<Int32>

  /// Receives `[images, R]`, patch positions in ascending order.
  package var dropped: UnsafeMutablePointer<Int32>

  /// Receives `[images, N]`: the place in `kept` of a token, or of that which it joins.
  package var destination: UnsafeMutablePointer<Int32>

  /// Receives `[images, N]`: `sqrt(size[i] * u[i])`, what a token counts for in a mean with others.
  package var weights: UnsafeMutablePointer<Float>

  /// A partition with all its parts.
  package init(
    input: InputRows, images: Int, prefix: Int, patches: Int, keep: Int, width: Int,
    importance: UnsafePointer<Float>, nearest: UnsafePointer<Int32>,
    similarity: UnsafePointer<Float>, sizes: UnsafePointer<Float>,
    kept: UnsafeMutablePointer<Int32>, dropped: UnsafeMutablePointer<Int32>,
    destination: UnsafeMutablePointer<Int32>, weights: UnsafeMutablePointer<Float>
  ) {
    self.input = input
    self.images = images
    self.prefix = prefix
    self.patches = patches
    self.keep = keep
    self.width = width
    self.importance = importance
    self.nearest = nearest
    self.similarity = similarity
    self.sizes = sizes
    self.kept = kept
    self.dropped = dropped
    self.destination = destination
    self.weights = weights
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  /// Bytes of scratch that an item needs, 64-byte aligned: for each token a cost with its index, the nearest,
  /// what became of it, and one over its length.
  package var scratchBytes: Int {
    patches
      * (MemoryLayout<UInt64>.stride + 2 * MemoryLayout<Int32>.stride + MemoryLayout<Float>.stride)
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.greedyPartition(self, item: item, scratch: scratch)
  }
}
