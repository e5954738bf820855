/// How many rows of each image are not in use: the last ones, which a kernel neither reads nor writes.
/// What is in use gets the bits that it would have without them.
package struct UnusedRows: @unchecked Sendable {
  /// `[images]`, each from 0 to less than there are rows, or to as many of a kernel that says what it does then; `nil`
  /// stands for zeros.
  private let counts: UnsafePointer<Int32>?

  /// Rows of each token that ``counts`` counts.
  private let each: Int

  /// Rows that are not in use, `each` times as many as `counts` says of each image; none without it.
  package init(_ counts: UnsafePointer<Int32>?, each: Int = 1) {
    self.counts = counts
    self.each = each
  }

  /// Whether all rows of all images are in use.
  package var isEmpty: Bool { counts == nil }

  /// The rows of an image that are in use, of `rows`.
  package func used(of rows: Int, image: Int) -> Int {
    guard let counts else { return rows }
    return rows &- Int(counts[image]) &* each
  }

  /// Calls `body` with each run of those rows that are in use, of a range of all images' rows, `rows` of
  /// each, as one sequence.
  package func forEachRun(in range: Range<Int>, rows: Int, _ body: (Range<Int>) -> Void) {
    guard counts != nil else { return body(range) }
    var first = range.lowerBound
    while first < range.upperBound {
      let image = first / rows
      let end = min(range.upperBound, (image &+ 1) &* rows)
      let used = image &* rows &+ used(of: rows, image: image)
      if first < used { body(first..<min(end, used)) }
      first = end
    }
  }
}

/// Where a kernel reads the rows of a batch: row `row` of image `image` starts at
/// `base + (image * imageStride + firstRow + row) * stride` and is contiguous.
package struct InputRows: @unchecked Sendable {
  /// Row 0 of the first image's buffer.
  package var base: UnsafePointer<Float>

  /// Rows from one image to the next.
  package var imageStride: Int

  /// The first row used in every image.
  package var firstRow: Int

  /// Floats from one row to the next, at least the row's width.
  package var stride: Int

  /// Rows `firstRow...` of images that lie `imageStride` rows of `stride` floats apart.
  package init(
    _ base: UnsafePointer<Float>, imageStride: Int, firstRow: Int = 0, stride: Int
  ) {
    self.base = base
    self.imageStride = imageStride
    self.firstRow = firstRow
    self.stride = stride
  }

  /// Rows that were written.
  package init(_ rows: OutputRows) {
    self.init(
      UnsafePointer(rows.base), imageStride: rows.imageStride, firstRow: rows.firstRow,
      stride: rows.stride)
  }

  /// The start of one row.
  package func pointer(image: Int, row: Int) -> UnsafePointer<Float> {
    base + (image &* imageStride &+ firstRow &+ row) &* stride
  }

  /// Floats from one row to the next when the `rows` rows of each image are taken as one sequence,
  /// which holds if `rows` is 1 or `imageStride`, or within one image.
  package func step(rows: Int) -> Int { rows == 1 ? imageStride &* stride : stride }
}

/// Where a kernel writes the rows of a batch; addressed as ``InputRows``.
package struct OutputRows: @unchecked Sendable {
  /// Row 0 of the first image's buffer.
  package var base: UnsafeMutablePointer<Float>

  /// Rows from one image to the next.
  package var imageStride: Int

  /// The first row used in every image.
  package var firstRow: Int

  /// Floats from one row to the next, at least the row's width.
  package var stride: Int

  /// Rows `firstRow...` of images that lie `imageStride` rows of `stride` floats apart.
  package init(
    _ base: UnsafeMutablePointer<Float>, imageStride: Int, firstRow: Int = 0, stride: Int
  ) {
    self.base = base
    self.imageStride = imageStride
    self.firstRow = firstRow
    self.stride = stride
  }

  /// The start of one row.
  package func pointer(image: Int, row: Int) -> UnsafeMutablePointer<Float> {
    base + (image &* imageStride &+ firstRow &+ row) &* stride
  }

  /// Floats from one row to the next when the `rows` rows of each image are taken as one sequence,
  /// which holds if `rows` is 1 or `imageStride`, or within one image.
  package func step(rows: Int) -> Int { rows == 1 ? imageStride &* stride : stride }
}
