/// `output[b, r, c] = activation(input[b, r, c]) * input[b, r, width + c]`. Nothing overlaps.
package struct GatedActivationArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, 2 * width]`: gates, then values.
  package var input: InputRows

  /// `[images, rows, width]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Elements of an output row.
  package var width: Int

  /// Of the gates.
  package var activation: Activation

  /// Of ``rows``.
  package var unused: UnusedRows

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// Gates of `images * rows` rows, for the kernels of a set.
  package init(
    for tiles: TileExtents,
    input: InputRows, output: OutputRows, images: Int, rows: Int, width: Int,
    activation: Activation, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.width = width
    self.activation = activation
    self.unused = unused
  }

  /// How the `images * rows` rows are cut into items.
  package var split: RowSplit { RowSplit(images * rows, width: 2 * width, for: tiles) }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.gatedActivation(self, item: item)
  }
}
