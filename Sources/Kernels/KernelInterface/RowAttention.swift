/// Attention of a few queries to all rows `x` of an image, with neither keys nor values of them. Where
/// `W x[t] + b = q, k, v`, each head after head, it is
/// `output[b, t, h * headWidth + c] = sum over rows of a[h, t, row] * v[b, row, h, c]` with
/// `a[h, t, :] = softmax over rows of (scale * q[b, t, h] . k[b, row, h] + log(sizes[b, row]))`.
///
/// A score is `x . (scale * Wk^T q)`, and a number of the query's own, which no softmax sees; the weights add up to 1, so that
/// the sum over rows is `Wv (sum of a x) + bv`. For the class token this takes `2 T D` multiply-adds a head in place of the
/// `2 T D headWidth` of a head's keys and values.
///
/// Nothing overlaps.
package struct RowAttentionArguments: KernelArguments, @unchecked Sendable {
  /// x, `[images, tokens, inputWidth]`.
  package let input: InputRows

  /// `[images, queries, heads * headWidth]`.
  package let output: OutputRows

  /// Images in the batch.
  package let images: Int

  /// T.
  package let tokens: Int

  /// The first rows that are queries, at most T.
  package let queries: Int

  /// D, the elements of a row.
  package let inputWidth: Int

  /// H.
  package let heads: Int

  /// d.
  package let headWidth: Int

  /// Usually `1 / sqrt(headWidth)`.
  package let scale: Float

  /// `[D, 3 * heads * headWidth]` in panels; int8 are multiplied as the floats that they stand for, by rows of floats.
  package let weights: PanelWeights

  /// `[3 * heads * headWidth]`.
  package let bias: UnsafePointer<Float>?

  /// `[images, tokens]`, positive; how many patches each token stands for. `nil` adds nothing.
  package let sizes: UnsafePointer<Float>?

  /// Of the tokens, of which queries are in use.
  package let unused: UnusedRows

  /// Attention of the first `queries` rows of each image.
  package init(
    input: InputRows, output: OutputRows, images: Int, tokens: Int, queries: Int, inputWidth: Int,
    heads: Int, headWidth: Int, scale: Float, weights: PanelWeights,
    bias: UnsafePointer<Float>? = nil, sizes: UnsafePointer<Float>? = nil,
    unused: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.tokens = tokens
    self.queries = queries
    self.inputWidth = inputWidth
    self.heads = heads
    self.headWidth = headWidth
    self.scale = scale
    self.weights = weights
    self.bias = bias
    self.sizes = sizes
    self.unused = unused
  }

  /// The factor of each output's integers, of weights of int8.
  package var scales: UnsafePointer<Float>? {
    guard weights.element == .int8 else { return nil }
    return Int8Weights(weights.base, inputs: inputWidth, outputs: 3 * heads * headWidth).scales
  }

  /// Whether it is faster than keys and values of all rows: each query reads weights again that a product of many rows
  /// reads once. How many tokens there are does not matter, so that images that use few of them have the bits of a plan
  /// for so few.
  package static func isFaster(tokens: Int, queries: Int) -> Bool {
    queries <= 8 && queries < tokens
  }

  /// Work items of the step: one for each head of each image.
  package var items: WorkItems { WorkItems(parts: images * heads) }

  /// Floats of a head of one query, with room for a vector in front and behind.
  package var headFloats: Int { wholeLines(headWidth + 2 * PanelLayout.width) }

  /// Bytes of scratch that an item needs, 64-byte aligned: a head, what multiplies rows, scores, and the sum of rows.
  package var scratchBytes: Int {
    (headFloats + 2 * wholeLines(inputWidth) + wholeLines(tokens)) * MemoryLayout<Float>.stride
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.attendToRows(self, item: item, scratch: scratch)
  }
}
