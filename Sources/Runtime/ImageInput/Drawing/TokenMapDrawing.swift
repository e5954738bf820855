internal import Tensors

/// Draws what token reduction did to an image, as figure 6 of the paper does: the image, then one
/// panel for each stage.
///
/// Tokens that were merged together share a colour and the token that stands for them is outlined;
/// tokens that stand for themselves show the image; those that left or wait are grey; the ones that were fused have the
/// stripes of the one token that they are.
public struct TokenMapDrawing {
  /// Screen pixels for each pixel of the network's input.
  public var scale = 2

  /// Screen pixels between panels.
  public var gap = 8

  /// The most panels in a row; nil for all.
  public var columns: Int?

  private static let background: UInt8 = 255

  /// Pixels of a dot of a title's letters.
  private static let dot = 2

  /// Pixels above a panel that has a title.
  private static let titleHeight = DotText.rows * dot + 8

  /// A drawing with the default sizes.
  public init() {}

  /// The panels side by side.
  /// - Parameters:
  ///   - crop: what the network saw.
  ///   - maps: one for each stage, each with `gridHeight * gridWidth` owners.
  ///   - titles: what stands above the panels, the image's first, in digits and small letters; with them there is a
  ///     legend.
  /// - Throws: `InputError` if a map has another number of owners, or the grid has no cell of a pixel, or the
  ///   drawing has no pixels or too many.
  public func draw(
    crop: RGBImage, gridHeight: Int, gridWidth: Int, maps: [TokenMap], titles: [String] = []
  ) throws -> RGBImage {
    let layout = try layout(
      crop: crop, gridHeight: gridHeight, gridWidth: gridWidth, maps: maps, titles: titles)
    var drawing = RGBImage(
      width: layout.width, height: layout.height,
      pixels: [UInt8](repeating: Self.background, count: layout.width * layout.height * 3))
    let grid = PatchGrid(crop: crop, height: gridHeight, width: gridWidth)
    for (index, map) in ([nil] + maps.map(Optional.some)).enumerated() {
      let left = index % layout.columns * (layout.panelWidth + gap)
      let top = index / layout.columns * (layout.panelHeight + layout.titleHeight + gap)
      if titles.indices.contains(index) {
        DotText.draw(
          titles[index], in: &drawing, x: left, y: top + 2, end: left + layout.panelWidth,
          scale: Self.dot)
      }
      draw(map, of: grid, in: &drawing, left: left, top: top + layout.titleHeight)
    }
    if !titles.isEmpty {
      TokenMapLegend.draw(
        maps, in: &drawing,
        top: layout.height
          - TokenMapLegend.height(
            of: maps, width: layout.width))
    }
    return drawing
  }

  /// Draws a panel: the image itself without a map.
  private func draw(
    _ map: TokenMap?, of grid: PatchGrid, in drawing: inout RGBImage, left: Int, top: Int
  ) {
    let colours = map.map { grid.colours(of: $0) }
    for y in 0..<(grid.crop.height * scale) {
      for x in 0..<(grid.crop.width * scale) {
        let pixel = grid.crop[x / scale, y / scale]
        guard let map, let colours else {
          drawing[left + x, top + y] = pixel
          continue
        }
        drawing[left + x, top + y] = shade(
          pixel, x: x, y: y, grid: grid, map: map, colours: colours)
      }
    }
  }

  /// Where things lie, in pixels.
  private struct Layout {
    var columns = 1
    var panelWidth = 0
    var panelHeight = 0
    var titleHeight = 0
    var width = 0
    var height = 0
  }

  private func layout(
    crop: RGBImage, gridHeight: Int, gridWidth: Int, maps: [TokenMap], titles: [String]
  ) throws -> Layout {
    func require(_ holds: Bool, _ field: String, _ expected: String, _ found: String) throws {
      if holds { return }
      throw InputError(
        .invalidOption, file: "drawing", field: field, expected: expected, found: found)
    }
    try require(
      (1...crop.height).contains(gridHeight) && (1...crop.width).contains(gridWidth), "grid",
      "1 x 1 to a cell for each of \(crop.height) x \(crop.width) pixels",
      "\(gridHeight) x \(gridWidth)")
    let patches = gridHeight * gridWidth
    for map in maps {
      try require(
        map.owners.count == patches
          && map.owners.allSatisfy { $0.map((0..<patches).contains) ?? true }
          && map.fused.union(map.waiting).allSatisfy {
            (0..<patches).contains($0) && map.owners[$0] == nil
          },
        "owners", "\(patches), each a patch below that, or none of one that is fused or waits",
        "\(map.owners.count)")
    }
    try require((1...64).contains(scale), "scale", "1 to 64", "\(scale)")
    try require((0...4096).contains(gap), "gap", "0 to 4096", "\(gap)")
    let panels = maps.count + 1
    try require(columns ?? 1 >= 1, "columns", "at least 1", "\(columns ?? 1)")
    try require(
      titles.isEmpty || titles.count == panels, "titles", "none, or \(panels)", "\(titles.count)")
    var layout = Layout()
    layout.columns = min(columns ?? panels, panels)
    (layout.panelWidth, layout.panelHeight) = (crop.width * scale, crop.height * scale)
    layout.titleHeight = titles.isEmpty ? 0 : Self.titleHeight
    let rows = (panels + layout.columns - 1) / layout.columns
    let (width, isWide) = (layout.panelWidth + gap).multipliedReportingOverflow(
      by: layout.columns)
    let (height, isHigh) = (layout.panelHeight + layout.titleHeight + gap)
      .multipliedReportingOverflow(by: rows)
    let most = ImageDecoder.mostPixels
    try require(
      !isWide && !isHigh && width <= most && height <= most, "sides", "at most \(most)", "more")
    layout.width = width - gap
    layout.height =
      height - gap
      + (titles.isEmpty ? 0 : gap + TokenMapLegend.height(of: maps, width: layout.width))
    let area = layout.width.multipliedReportingOverflow(by: layout.height)
    try require(!area.overflow && area.partialValue <= most, "pixels", "at most \(most)", "more")
    try RGBImage.requireMemory(width: layout.width, height: layout.height, for: "drawing")
    return layout
  }

  private func shade(
    _ pixel: RGBImage.Pixel, x: Int, y: Int, grid: PatchGrid, map: TokenMap, colours: [Int: RGB]
  ) -> RGBImage.Pixel {
    let (row, column) = (grid.row(y / scale), grid.column(x / scale))
    let patch = row * grid.width + column
    guard let owner = map.owners[patch] else {
      if map.fused.contains(patch) { return TokenMapLegend.fused(pixel, x: x, y: y) }
      return TokenMapLegend.left(pixel)
    }
    // A line at the cell's edge: dark between groups, white around the token that stands for one.
    let left = x - grid.left(column) * scale
    let top = y - grid.top(row) * scale
    let right = grid.left(column + 1) * scale - 1 - x
    let bottom = grid.top(row + 1) * scale - 1 - y
    guard let colour = colours[owner] else { return pixel }
    if owner == patch, min(left, top, right, bottom) < 2 { return (255, 255, 255) }
    let neighbours = [
      (left, row, column - 1), (right, row, column + 1), (top, row - 1, column),
      (bottom, row + 1, column),
    ]
    for (distance, row, column) in neighbours
    where distance < 1 && grid.contains(row, column)
      && map.owners[row * grid.width + column] != owner
    {
      return (20, 20, 20)
    }
    return colour.over(pixel)
  }
}
