internal import CVectorExtras

// Products of rows with rows: some of them are transposed to panels, as weights are.

/// Writes up to 16 rows as a panel `[width][16]`; lanes without a row become zero.
func transposeRows(
  _ rows: UnsafePointer<Float>, step: Int, count: Int, width: Int,
  into panel: UnsafeMutablePointer<Float>
) {
  var firstColumn = 0
  if count == panelWidth {
    while firstColumn &+ 8 <= width {
      let to = panel + firstColumn &* panelWidth
      cve_transpose8(rows + firstColumn, step, to, panelWidth)
      cve_transpose8(rows + 8 &* step + firstColumn, step, to + 8, panelWidth)
      firstColumn &+= 8
    }
  }
  for c in firstColumn..<max(firstColumn, width) {
    for r in 0..<panelWidth {
      panel[c &* panelWidth &+ r] = r < count ? rows[r &* step &+ c] : 0
    }
  }
}

/// `sums[panel][row][lane] = row . column`, of `count` rows and `panels` panels, at most a tile's.
@inline(never)
func multiplyRows(
  _ rows: UnsafePointer<Float>, step: Int, count: Int, width: Int, panels: Int,
  by columns: RightHand<Binary32>, into sums: UnsafeMutablePointer<Float>
) {
  let left = LeftHand(start: rows, step: step, segments: 1, length: width, segmentStep: 0)
  let heights = TileHeights(count, most: TileShape.rows(panels: panels))
  var row = rows
  var place = Sums(start: sums, step: count &* panelWidth, resumes: false)
  for index in 0..<heights.count {
    let height = heights[index]
    TileShape.multiply(height: height, panels: panels, left, row, columns, place)
    row += height &* step
    place.start += height &* panelWidth
  }
}
