/// `output[b, c] = sum over rows of w[b, row] * input[b, row, c] / sum over rows of w[b, row]`, in order of rows;
/// without weights the mean.
package struct ReduceMeanArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, width]`, at least one row.
  package var input: InputRows

  /// Receives one row for each image.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Columns.
  package var width: Int

  /// Positive; row 0 of image 0, `weightStride` from one image to the next. `nil` means all 1.
  package var weights: UnsafePointer<Float>?

  /// Floats from an image's weights to the next one's.
  package var weightStride: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// A mean over rows.
  package init(
    input: InputRows, output: OutputRows, images: Int, rows: Int, width: Int,
    weights: UnsafePointer<Float>? = nil, weightStride: Int = 0,
    unused: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.width = width
    self.weights = weights
    self.weightStride = weightStride
    self.unused = unused
  }

  /// How the columns of an image are cut into items.
  package var split: EvenSplit { EvenSplit(width, minimum: 64, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.reduceMean(self, item: item)
  }
}

/// `output[b, h * headWidth + c] = sum over tokens of a[key] * v[b, key, h, c]` with `a = softmax over keys of
/// (scale * query[h] . k[b, key, h] + log(sizes[b, key]))`.
package struct AttentionPoolArguments: KernelArguments, @unchecked Sendable {
  /// `[images, tokens, 2 * heads * headWidth]`: k, v, each head after head.
  package var input: InputRows

  /// `[heads * headWidth]`, the same for all images.
  package var query: UnsafePointer<Float>

  /// Receives one row for each image.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// T, at least 1.
  package var tokens: Int

  /// H.
  package var heads: Int

  /// d.
  package var headWidth: Int

  /// Usually `1 / sqrt(headWidth)`.
  package var scale: Float

  /// Positive; token 0 of image 0, `sizeStride` from one image to the next. `nil` adds nothing.
  package var sizes: UnsafePointer<Float>?

  /// Floats from an image's sizes to the next one's.
  package var sizeStride: Int

  /// Of the tokens.
  package var unused: UnusedRows

  /// Attention of one query a head.
  package init(
    input: InputRows, query: UnsafePointer<Float>, output: OutputRows, images: Int, tokens: Int,
    heads: Int, headWidth: Int, scale: Float, sizes: UnsafePointer<Float>? = nil,
    sizeStride: Int = 0, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.query = query
    self.output = output
    self.images = images
    self.tokens = tokens
    self.heads = heads
    self.headWidth = headWidth
    self.scale = scale
    self.sizes = sizes
    self.sizeStride = sizeStride
    self.unused = unused
  }

  /// Work items of the step: one for each head of each image.
  package var items: WorkItems { WorkItems(parts: images * heads) }

  /// Bytes of scratch that an item needs: a score for each token.
  package var scratchBytes: Int { wholeLines(tokens) * MemoryLayout<Float>.stride }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.attentionPool(self, item: item, scratch: scratch)
  }
}
