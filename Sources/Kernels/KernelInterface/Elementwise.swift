/// Copies the same `[rows, width]` into each image's rows.
package struct CopyRowsArguments: KernelArguments, @unchecked Sendable {
  /// `[rows, width]`, contiguous, the same for all images.
  package var source: UnsafePointer<Float>

  /// `[images, rows, width]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Rows to copy.
  package var rows: Int

  /// Elements of a row.
  package var width: Int

  /// A copy into each image.
  package init(
    source: UnsafePointer<Float>, output: OutputRows, images: Int, rows: Int, width: Int
  ) {
    self.source = source
    self.output = output
    self.images = images
    self.rows = rows
    self.width = width
  }

  /// Work items of the step: one for each image.
  package var items: WorkItems { WorkItems(parts: images) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.copyRows(self, item: item)
  }
}

/// `output = a + u * v`, or `a + u` without v, element by element over rows.
/// `output` may alias any input exactly.
package struct MultiplyAddArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, width]`.
  package var a: InputRows

  /// `[images, rows, width]`.
  package var u: InputRows

  /// `[images, rows, width]`; `nil` stands for ones.
  package var v: InputRows?

  /// `[images, rows, width]`.
  package var output: OutputRows

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Elements of a row.
  package var width: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// A sum, or a sum with a product, for the kernels of a set.
  package init(
    for tiles: TileExtents,
    a: InputRows, u: InputRows, v: InputRows? = nil, output: OutputRows, images: Int, rows: Int,
    width: Int, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.a = a
    self.u = u
    self.v = v
    self.output = output
    self.images = images
    self.rows = rows
    self.width = width
    self.unused = unused
  }

  /// How the `images * rows` rows are cut into items.
  package var split: RowSplit { RowSplit(images * rows, width: width, for: tiles) }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.multiplyAdd(self, item: item)
  }
}

/// `output[b, c] = max over rows of input[b, row, c]`, 0 where no such row is in use. NaN is ignored unless it comes first.
package struct ReduceMaxArguments: KernelArguments, @unchecked Sendable {
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

  /// How many of the rows that are in use, the last, do not count.
  package var excluded: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// A maximum over rows.
  package init(
    input: InputRows, output: OutputRows, images: Int, rows: Int, width: Int,
    excluded: Int = 0, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.output = output
    self.images = images
    self.rows = rows
    self.width = width
    self.excluded = excluded
    self.unused = unused
  }

  /// How the columns of an image are cut into items.
  package var split: EvenSplit { EvenSplit(width, minimum: 64, parts: 16) }

  /// Work items of the step: `[images, split.parts]`.
  package var items: WorkItems { WorkItems(parts: images * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.reduceMax(self, item: item)
  }
}

/// `output = alpha * x + beta * y` over rows; without y, `alpha * x`. `output` may alias either
/// input exactly.
package struct ScaleAddArguments: KernelArguments, @unchecked Sendable {
  /// `[images, rows, width]`.
  package var x: InputRows

  /// `[images, rows, width]`.
  package var y: InputRows?

  /// `[images, rows, width]`.
  package var output: OutputRows

  /// Factor of x.
  package var alpha: Float

  /// Factor of y.
  package var beta: Float

  /// Images in the batch.
  package var images: Int

  /// Rows used in each image.
  package var rows: Int

  /// Elements of a row.
  package var width: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// What the kernels that are to run this have said of their tiles.
  package let tiles: TileExtents

  /// A weighted sum of two sets of rows, for the kernels of a set.
  package init(
    for tiles: TileExtents,
    x: InputRows, y: InputRows? = nil, output: OutputRows, alpha: Float, beta: Float = 0,
    images: Int, rows: Int, width: Int, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.x = x
    self.y = y
    self.output = output
    self.alpha = alpha
    self.beta = beta
    self.images = images
    self.rows = rows
    self.width = width
    self.unused = unused
  }

  /// How the `images * rows` rows are cut into items.
  package var split: RowSplit { RowSplit(images * rows, width: width, for: tiles) }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.scaleAdd(self, item: item)
  }
}
