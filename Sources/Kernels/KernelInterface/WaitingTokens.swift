/// `output[b, j] = input[b, kept[b, j]]`: a number of each token that is kept. One item for each image.
package struct PickArguments: KernelArguments, @unchecked Sendable {
  /// `[images, N]`.
  package var input: UnsafePointer<Float>

  /// `[images, K]`, each below N.
  package var kept: UnsafePointer<Int32>

  /// Receives `[images, K]`.
  package var output: UnsafeMutablePointer<Float>

  /// Images in the batch.
  package var images: Int

  /// N, patch tokens.
  package var patches: Int

  /// K, those that are kept.
  package var keep: Int

  /// Numbers of tokens that are kept.
  package init(
    input: UnsafePointer<Float>, kept: UnsafePointer<Int32>, output: UnsafeMutablePointer<Float>,
    images: Int, patches: Int, keep: Int
  ) {
    self.input = input
    self.kept = kept
    self.output = output
    self.images = images
    self.patches = patches
    self.keep = keep
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.pick(self, item: item)
  }
}

/// Joins tokens that waited with those that went on: the first `prefix` rows and, for each patch token i with
/// `destination[i] >= 0`, row `prefix + destination[i]` are those of `moved`, the other ones of `waiting`.
///
/// Numbers of tokens, a column each, are rows of one element without a prefix. `output` may be `waiting`.
package struct RestoreArguments: KernelArguments, @unchecked Sendable {
  /// `[images, prefix + N, width]`.
  package var waiting: InputRows

  /// `[images, prefix + K, width]`.
  package var moved: InputRows

  /// `[images, N]`, each below K.
  package var destination: UnsafePointer<Int32>

  /// `[images, prefix + N, width]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Rows in front of the patch tokens'.
  package var prefix: Int

  /// N, patch tokens.
  package var patches: Int

  /// D: the elements of a row.
  package var width: Int

  /// Joins tokens of a batch.
  package init(
    waiting: InputRows, moved: InputRows, destination: UnsafePointer<Int32>, output: OutputRows,
    images: Int, prefix: Int, patches: Int, width: Int
  ) {
    self.waiting = waiting
    self.moved = moved
    self.destination = destination
    self.output = output
    self.images = images
    self.prefix = prefix
    self.patches = patches
    self.width = width
  }

  /// How the rows of an image are cut into items.
  package var split: EvenSplit { EvenSplit(prefix + patches, minimum: 16, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.restore(self, item: item)
  }
}
