/// `output[b, r, c] = input[b, r, c]` of the first half of each head's columns, and the mean over the rows r of
/// `input[b, r, c]` of the others: what a predictor sees of all tokens, that of DynamicViT as of one head. `output`
/// overlaps nothing.
package struct HalfMeanArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, width]`.
  package var input: InputRows

  /// `[images, rows, width]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Columns, of which half of each head's stay, rounded down.
  package var width: Int

  /// Heads, whose columns lie one behind the other; divides ``width``.
  package var heads: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// Means over rows.
  package init(
    input: InputRows, output: OutputRows, images: Int, rows: Int, width: Int, heads: Int = 1,
    unused: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.width = width
    self.heads = heads
    self.unused = unused
  }

  /// How the columns of an image are cut into items.
  package var split: EvenSplit { EvenSplit(width, minimum: 64, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.halfMean(self, item: item)
  }
}

/// `output[b, r] = input[b, r, 0] - input[b, r, 1]`: how much more speaks for keeping a token than for dropping it. One
/// item for each image.
package struct KeepScoreArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, 2]`.
  package var input: InputRows

  /// Receives `[images, rows]`.
  package var output: UnsafeMutablePointer<Float>

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// Differences of pairs.
  package init(
    input: InputRows, output: UnsafeMutablePointer<Float>, images: Int, rows: Int,
    unused: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.unused = unused
  }

  /// Work items of the step.
  package var items: WorkItems { WorkItems(parts: images) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.keepScore(self, item: item)
  }
}
