/// Where a kernel reads the rows of a batch: row `row` of picture `picture` starts at
/// `base + (picture * pictureStride + firstRow + row) * stride` and is contiguous.
package struct InputRows: @unchecked Sendable {
  /// Row 0 of the first picture's buffer.
  package var base: UnsafePointer<Float>

  /// Rows from one picture to the next.
  package var pictureStride: Int

  /// The first row used in every picture.
  package var firstRow: Int

  /// Floats from one row to the next, at least the row's width.
  package var stride: Int

  /// Rows `firstRow...` of pictures that lie `pictureStride` rows of `stride` floats apart.
  package init(
    _ base: UnsafePointer<Float>, pictureStride: Int, firstRow: Int = 0, stride: Int
  ) {
    self.base = base
    self.pictureStride = pictureStride
    self.firstRow = firstRow
    self.stride = stride
  }

  /// Rows that were written.
  package init(_ rows: OutputRows) {
    self.init(
      UnsafePointer(rows.base), pictureStride: rows.pictureStride, firstRow: rows.firstRow,
      stride: rows.stride)
  }

  /// The start of one row.
  package func pointer(picture: Int, row: Int) -> UnsafePointer<Float> {
    base + (picture &* pictureStride &+ firstRow &+ row) &* stride
  }

  /// Floats from one row to the next when the `rows` rows of each picture are taken as one sequence,
  /// which holds if `rows` is 1 or `pictureStride`, or within one picture.
  package func step(rows: Int) -> Int { rows == 1 ? pictureStride &* stride : stride }
}

/// Where a kernel writes the rows of a batch; addressed as ``InputRows``.
package struct OutputRows: @unchecked Sendable {
  /// Row 0 of the first picture's buffer.
  package var base: UnsafeMutablePointer<Float>

  /// Rows from one picture to the next.
  package var pictureStride: Int

  /// The first row used in every picture.
  package var firstRow: Int

  /// Floats from one row to the next, at least the row's width.
  package var stride: Int

  /// Rows `firstRow...` of pictures that lie `pictureStride` rows of `stride` floats apart.
  package init(
    _ base: UnsafeMutablePointer<Float>, pictureStride: Int, firstRow: Int = 0, stride: Int
  ) {
    self.base = base
    self.pictureStride = pictureStride
    self.firstRow = firstRow
    self.stride = stride
  }

  /// The start of one row.
  package func pointer(picture: Int, row: Int) -> UnsafeMutablePointer<Float> {
    base + (picture &* pictureStride &+ firstRow &+ row) &* stride
  }

  /// Floats from one row to the next when the `rows` rows of each picture are taken as one sequence,
  /// which holds if `rows` is 1 or `pictureStride`, or within one picture.
  package func step(rows: Int) -> Int { rows == 1 ? pictureStride &* stride : stride }
}
