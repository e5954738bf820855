/// How many rows of each picture are not in use: the last ones, which a kernel neither reads nor writes.
/// What is in use gets the bits that it would have without them.
package struct UnusedRows: @unchecked Sendable {
  /// `[pictures]`, each from 0 to less than there are rows; `nil` stands for zeros.
  private let counts: UnsafePointer<Int32>?

  /// Rows that are not in use, as many as `counts` says of each picture; none without it.
  package init(_ counts: UnsafePointer<Int32>?) { self.counts = counts }

  /// Whether all rows of all pictures are in use.
  package var isEmpty: Bool { counts == nil }

  /// The rows of a picture that are in use, of `rows`.
  package func used(of rows: Int, picture: Int) -> Int {
    guard let counts else { return rows }
    return rows &- Int(counts[picture])
  }

  /// Calls `body` with each run of those rows that are in use, of a range of all pictures' rows, `rows` of
  /// each, as one sequence.
  package func forEachRun(in range: Range<Int>, rows: Int, _ body: (Range<Int>) -> Void) {
    guard counts != nil else { return body(range) }
    var first = range.lowerBound
    while first < range.upperBound {
      let picture = first / rows
      let end = min(range.upperBound, (picture &+ 1) &* rows)
      let used = picture &* rows &+ used(of: rows, picture: picture)
      if first < used { body(first..<min(end, used)) }
      first = end
    }
  }
}

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
