/// `output[b, r, :] = input[b, r, :] / sqrt(mean of the row's squares + epsilon) * weight`. `output` may alias `input`
/// exactly.
package struct RMSNormArguments: KernelArguments, @unchecked Sendable {
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

  /// `[width]`.
  package var weight: UnsafePointer<Float>

  /// Added to the mean of squares.
  package var epsilon: Float

  /// Of ``rows``.
  package var unused: UnusedRows

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// Normalises `images * rows` rows, for the kernels of a set.
  package init(
    for tiles: TileExtents,
    input: InputRows, output: OutputRows, images: Int, rows: Int, width: Int,
    weight: UnsafePointer<Float>, epsilon: Float, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.width = width
    self.weight = weight
    self.epsilon = epsilon
    self.unused = unused
  }

  /// How the step is cut into items: over `images * rows`.
  package var split: RowSplit { RowSplit(images * rows, width: width, for: tiles) }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.rmsNorm(self, item: item)
  }
}
