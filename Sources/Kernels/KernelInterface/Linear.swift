/// What is applied to a sum before the residual is added.
package enum Activation: UInt8, Sendable, CaseIterable {
  /// Nothing.
  case none
  /// `x/2 * (1 + erf(x / sqrt(2)))`.
  case gelu
  /// `max(x, 0)`.
  case relu
  /// `x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x^3)))`.
  case geluTanh
  /// `x * sigmoid(1.702 * x)`.
  case quickGelu
  /// `x * sigmoid(x)`.
  case silu
  /// `tanh(x)`.
  case tanh
}

/// Normalisation of a row: `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, with the biased
/// variance of the row's `width` elements.
package struct LayerNorm: @unchecked Sendable {
  /// `[width]`.
  package var gamma: UnsafePointer<Float>

  /// `[width]`.
  package var beta: UnsafePointer<Float>

  /// Added to the variance.
  package var epsilon: Float

  /// A normalisation with its trained scale and shift.
  package init(gamma: UnsafePointer<Float>, beta: UnsafePointer<Float>, epsilon: Float) {
    self.gamma = gamma
    self.beta = beta
    self.epsilon = epsilon
  }
}

/// `output[b, r, :] = residual[b, r, :] + activation(norm(input[b, r, :]) * W + bias)` for
/// `images * rows` rows.
///
/// A fused `norm` is computed again by every item that reads a row, which is cheap for few rows
/// only; ``normalizingOnce(into:)`` gives the same bits with two steps.
///
/// `residual` may alias `output` exactly. No other overlap is allowed. Layers whose weights are int8 are computed
/// by way of ``QuantizedLinearArguments``.
package struct LinearArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, inputWidth]`.
  package let input: InputRows

  /// `[images, rows, outputWidth]`.
  package let output: OutputRows

  /// Images in the batch.
  package let images: Int

  /// Rows used in each image.
  package let rows: Int

  /// K: the elements of an input row.
  package let inputWidth: Int

  /// N: the elements of an output row.
  package let outputWidth: Int

  /// `[K, N]` in panels.
  package let weights: PanelWeights

  /// `[N]`.
  package let bias: UnsafePointer<Float>?

  /// Applied to each row before the product.
  package let norm: LayerNorm?

  /// Applied to the product plus bias.
  package let activation: Activation

  /// `[images, rows, outputWidth]`, added last.
  package let residual: InputRows?

  /// Of ``rows``; their residual and output neither.
  package let unused: UnusedRows

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// How the step is cut into items.
  package let blocking: ProductBlocking

  /// A product over `images * rows` rows, for the kernels of a set, which may form it in pairs.
  package init(
    for tiles: TileExtents,
    input: InputRows, output: OutputRows, images: Int, rows: Int, inputWidth: Int,
    outputWidth: Int, weights: PanelWeights, bias: UnsafePointer<Float>? = nil,
    norm: LayerNorm? = nil, activation: Activation = .none, residual: InputRows? = nil,
    unused: UnusedRows = UnusedRows(nil), inPairs: Bool = false
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.inputWidth = inputWidth
    self.outputWidth = outputWidth
    self.weights = weights
    self.bias = bias
    self.norm = norm
    self.activation = activation
    self.residual = residual
    self.tiles = tiles
    // An image's only row is in use.
    self.unused = rows == 1 ? UnusedRows(nil) : unused
    // Rows that follow each other at one distance across images are cut as one sequence.
    let isUniform =
      images == 1 || rows == 1
      || (unused.isEmpty && input.imageStride == rows && output.imageStride == rows
        && (residual?.imageStride ?? rows) == rows)
    blocking = ProductBlocking(
      for: tiles, groups: isUniform ? 1 : images, rows: isUniform ? images * rows : rows,
      inputs: inputWidth, outputs: outputWidth, preparesRows: norm != nil, inPairs: inPairs)
  }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { blocking.items }

  /// Rows from which on normalising them once is cheaper than in every item.
  package static var rowsWorthNormalizingOnce: Int { 24 }

  /// The same as two steps, where that is faster: normalised rows are written to `rows`,
  /// `[images * rows, inputWidth]`, and read from there.
  package func normalizingOnce(
    into rows: UnsafeMutablePointer<Float>
  ) -> (norm: LayerNormArguments, product: LinearArguments)? {
    guard let norm, images * self.rows >= Self.rowsWorthNormalizingOnce else { return nil }
    let first = LayerNormArguments(
      for: tiles, input: input,
      output: OutputRows(rows, imageStride: self.rows, stride: inputWidth),
      images: images, rows: self.rows, width: inputWidth, norm: norm, unused: unused)
    let second = LinearArguments(
      for: tiles,
      input: InputRows(UnsafePointer(rows), imageStride: self.rows, stride: inputWidth),
      output: output, images: images, rows: self.rows, inputWidth: inputWidth,
      outputWidth: outputWidth, weights: weights, bias: bias, activation: activation,
      residual: residual, unused: unused)
    return (first, second)
  }

  /// The block of an item, of rows that are in use alone. These are cut anew, for every thread to have as many as the
  /// others however few there are.
  package func block(_ item: Int) -> ProductBlocking.Block {
    let block = blocking.block(item)
    // A group is an image where any are not.
    return unused.isEmpty
      ? block : blocking.recut(block, to: unused.used(of: rows, image: block.group))
  }

  /// Bytes of scratch that an item needs, 64-byte aligned: sums, normalised rows, and widened weights.
  package var scratchBytes: Int {
    (blocking.maximumSums + preparedFloats + widenedFloats) * MemoryLayout<Float>.stride
  }

  /// Floats of scratch for normalised rows.
  package var preparedFloats: Int { norm == nil ? 0 : blocking.maximumRows * scratchStride }

  /// Floats of scratch for the weights of a tile's panels that are stored in fewer bits.
  package var widenedFloats: Int {
    switch weights.element {
    case .float32, .int8: 0
    case .float16: tiles.itemPanels * min(tiles.sliceInputs, inputWidth) * PanelLayout.width
    }
  }

  /// Floats from one row to the next in scratch.
  package var scratchStride: Int { paddedStride(inputWidth) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.linear(self, item: item, scratch: scratch)
  }
}

/// `output[b, r, :] = norm(input[b, r, :])`. `output` may alias `input` exactly.
package struct LayerNormArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, width]`.
  package var input: InputRows

  /// `[images, rows, width]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Elements of a row.
  package var width: Int

  /// The normalisation.
  package var norm: LayerNorm

  /// Of ``rows``.
  package var unused: UnusedRows

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// Normalises `images * rows` rows, for the kernels of a set.
  package init(
    for tiles: TileExtents,
    input: InputRows, output: OutputRows, images: Int, rows: Int, width: Int, norm: LayerNorm,
    unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.width = width
    self.norm = norm
    self.unused = unused
  }

  /// How the step is cut into items: over `images * rows`.
  package var split: RowSplit { RowSplit(images * rows, width: width, for: tiles) }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.layerNorm(self, item: item)
  }
}

/// Floats in a cache line, of 64 bytes.
private var lineFloats: Int { 64 / MemoryLayout<Float>.stride }

/// The smallest number of whole cache lines that holds `count` floats, in floats.
package func wholeLines(_ count: Int) -> Int {
  (count + lineFloats - 1) / lineFloats * lineFloats
}

/// The smallest odd number of cache lines that holds `width` floats, in floats: rows so far apart do
/// not compete with their neighbours for the same sets of a cache.
package func paddedStride(_ width: Int) -> Int {
  (wholeLines(width) / lineFloats | 1) * lineFloats
}
