extension InputRows {
  /// The same floats with each row taken as so many, one behind the other: of a row of heads a row for each head.
  package func divided(into parts: Int) -> InputRows {
    InputRows(
      base, imageStride: imageStride * parts, firstRow: firstRow * parts, stride: stride / parts)
  }
}

extension OutputRows {
  /// As ``InputRows/divided(into:)``.
  package func divided(into parts: Int) -> OutputRows {
    OutputRows(
      base, imageStride: imageStride * parts, firstRow: firstRow * parts, stride: stride / parts)
  }
}

/// `output[b, r, h]` is the mean of the columns of head h of `input[b, r]`, `width` of each.
package struct HeadMeanArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, heads * width]`.
  package var input: InputRows

  /// `[images, rows, heads]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Heads, whose columns lie one behind the other.
  package var heads: Int

  /// Columns of a head.
  package var width: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// Means over the columns of heads.
  package init(
    input: InputRows, output: OutputRows, images: Int, rows: Int, heads: Int, width: Int,
    unused: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.heads = heads
    self.width = width
    self.unused = unused
  }

  /// How the rows of an image are cut into items.
  package var split: EvenSplit { EvenSplit(rows, minimum: 8, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.headMean(self, item: item)
  }
}

/// What the heads of a predictor say together of each row r, with `e[h] = sigmoid(weights[r, h])` and z the pairs of
/// `logits[r]`:
///
/// * `score[r] = sum of e[h] (z[h, 0] - z[h, 1]) / sum of e[h]`, which is not below 0 where the mean of the logarithms of
///   the softmax is not less for keeping than for dropping;
/// * `keeping[r] = sum of e[h] softmax(z[h])[0] / sum of e[h]`.
///
/// Both are NaN where the score is no finite number, so that what is not known is seen in what is made of it.
package struct HeadVoteArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, heads]`.
  package var weights: InputRows

  /// `[images, rows, 2 * heads]`.
  package var logits: InputRows

  /// Receives `[images, rows]`.
  package var score: UnsafeMutablePointer<Float>

  /// Receives `[images, rows]`.
  package var keeping: UnsafeMutablePointer<Float>

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Heads.
  package var heads: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// Votes of heads.
  package init(
    weights: InputRows, logits: InputRows, score: UnsafeMutablePointer<Float>,
    keeping: UnsafeMutablePointer<Float>, images: Int, rows: Int, heads: Int,
    unused: UnusedRows = UnusedRows(nil)
  ) {
    self.weights = weights
    self.logits = logits
    self.score = score
    self.keeping = keeping
    self.images = images
    self.rows = rows
    self.heads = heads
    self.unused = unused
  }

  /// How the rows of an image are cut into items.
  package var split: EvenSplit { EvenSplit(rows, minimum: 8, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.headVote(self, item: item)
  }
}
