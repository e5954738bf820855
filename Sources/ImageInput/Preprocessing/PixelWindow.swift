/// A part of an RGB picture: samples `[rows.count, columns.count, 3]` at their places in the whole.
struct PixelWindow {
  /// Rows of the whole picture that the window holds.
  let rows: Range<Int>

  /// Columns of the whole picture that the window holds.
  let columns: Range<Int>

  /// The samples.
  let samples: [UInt8]

  /// The samples of a row.
  func sampleRange(row: Int, columns: Range<Int>) -> Range<Int> {
    let base = (row - rows.lowerBound) * self.columns.count - self.columns.lowerBound
    return (base + columns.lowerBound) * 3..<(base + columns.upperBound) * 3
  }

  /// A smaller window.
  func cut(rows: Range<Int>, columns: Range<Int>) -> PixelWindow {
    if rows == self.rows && columns == self.columns { return self }
    var part: [UInt8] = []
    part.reserveCapacity(rows.count * columns.count * 3)
    for row in rows { part += samples[sampleRange(row: row, columns: columns)] }
    return PixelWindow(rows: rows, columns: columns, samples: part)
  }
}
