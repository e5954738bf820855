/// Copies the same `[rows, width]` into each picture's rows.
package struct CopyRowsArguments: KernelArguments, @unchecked Sendable {
  /// `[rows, width]`, contiguous, the same for all pictures.
  package var source: UnsafePointer<Float>

  /// `[pictures, rows, width]`.
  package var output: OutputRows

  /// Pictures in the batch.
  package var pictures: Int

  /// Rows to copy.
  package var rows: Int

  /// Elements of a row.
  package var width: Int

  /// A copy into each picture.
  package init(
    source: UnsafePointer<Float>, output: OutputRows, pictures: Int, rows: Int, width: Int
  ) {
    self.source = source
    self.output = output
    self.pictures = pictures
    self.rows = rows
    self.width = width
  }

  /// Work items of the step: one for each picture.
  package var items: WorkItems { WorkItems(parts: pictures) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.copyRows(self, item: item)
  }
}

/// `output = a + u * v`, or `a + u` without v, element by element over rows.
/// `output` may alias any input exactly.
package struct MultiplyAddArguments: KernelArguments, @unchecked Sendable {
  /// `[pictures, rows, width]`.
  package var a: InputRows

  /// `[pictures, rows, width]`.
  package var u: InputRows

  /// `[pictures, rows, width]`; `nil` stands for ones.
  package var v: InputRows?

  /// `[pictures, rows, width]`.
  package var output: OutputRows

  /// Pictures in the batch.
  package var pictures: Int

  /// Rows used in each picture.
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
    a: InputRows, u: InputRows, v: InputRows? = nil, output: OutputRows, pictures: Int, rows: Int,
    width: Int, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.a = a
    self.u = u
    self.v = v
    self.output = output
    self.pictures = pictures
    self.rows = rows
    self.width = width
    self.unused = unused
  }

  /// How the `pictures * rows` rows are cut into items.
  package var split: RowSplit { RowSplit(pictures * rows, width: width, for: tiles) }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.multiplyAdd(self, item: item)
  }
}

/// `output[b, c] = max over rows of input[b, row, c]`. NaN is ignored unless it comes first.
package struct ColumnMaxArguments: KernelArguments, @unchecked Sendable {
  /// `[pictures, rows, width]`, at least one row.
  package var input: InputRows

  /// Receives one row for each picture.
  package var output: OutputRows

  /// Pictures in the batch.
  package var pictures: Int

  /// Rows used in each picture.
  package var rows: Int

  /// Columns.
  package var width: Int

  /// Of ``rows``.
  package var unused: UnusedRows

  /// A maximum over rows.
  package init(
    input: InputRows, output: OutputRows, pictures: Int, rows: Int, width: Int,
    unused: UnusedRows = UnusedRows(nil)
  ) {
    self.input = input
    self.output = output
    self.pictures = pictures
    self.rows = rows
    self.width = width
    self.unused = unused
  }

  /// How the columns of a picture are cut into items.
  package var split: EvenSplit { EvenSplit(width, minimum: 64, parts: 16) }

  /// Work items of the step: `[pictures, split.parts]`.
  package var items: WorkItems { WorkItems(parts: pictures * split.parts) }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.columnMax(self, item: item)
  }
}

/// `output = alpha * x + beta * y` over rows; without y, `alpha * x`. `output` may alias either
/// input exactly.
package struct ScaleAddArguments: KernelArguments, @unchecked Sendable {
  /// `[pictures, rows, width]`.
  package var x: InputRows

  /// `[pictures, rows, width]`.
  package var y: InputRows?

  /// `[pictures, rows, width]`.
  package var output: OutputRows

  /// Factor of x.
  package var alpha: Float

  /// Factor of y.
  package var beta: Float

  /// Pictures in the batch.
  package var pictures: Int

  /// Rows used in each picture.
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
    pictures: Int, rows: Int, width: Int, unused: UnusedRows = UnusedRows(nil)
  ) {
    self.tiles = tiles
    self.x = x
    self.y = y
    self.output = output
    self.alpha = alpha
    self.beta = beta
    self.pictures = pictures
    self.rows = rows
    self.width = width
    self.unused = unused
  }

  /// How the `pictures * rows` rows are cut into items.
  package var split: RowSplit { RowSplit(pictures * rows, width: width, for: tiles) }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { split.items }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.scaleAdd(self, item: item)
  }
}
