internal import Tensors

/// Which tokens of an image's patch grid were joined after one stage of token reduction.
public struct TokenMap: Sendable, Equatable {
  /// For each original patch, row-major: the original patch whose token stands for it, or nil if
  /// its token left or was fused away.
  public var owners: [Int?]

  /// Makes a map.
  public init(owners: [Int?]) { self.owners = owners }

  /// The map before any reduction: every patch stands for itself.
  public static func identity(patches: Int) -> TokenMap {
    TokenMap(owners: Array(0..<patches))
  }
}

/// Draws what token reduction did to an image, as figure 6 of the paper does: the image, then one
/// panel for each stage.
///
/// Tokens that were merged together share a colour and the token that stands for them is outlined;
/// tokens that stand for themselves show the image; those that left are grey.
public struct TokenMapDrawing {
  /// Screen pixels for each pixel of the network's input.
  public var scale = 2

  /// Screen pixels between panels.
  public var gap = 8

  private static let background: UInt8 = 255

  /// A drawing with the default sizes.
  public init() {}

  /// The panels side by side.
  /// - Parameters:
  ///   - crop: what the network saw.
  ///   - maps: one for each stage, each with `gridHeight * gridWidth` owners.
  /// - Throws: `InputError` if a map has another number of owners, or the grid has no cell of a pixel, or the
  ///   drawing has no pixels or too many.
  public func draw(crop: RGBImage, gridHeight: Int, gridWidth: Int, maps: [TokenMap]) throws
    -> RGBImage
  {
    try check(crop: crop, gridHeight: gridHeight, gridWidth: gridWidth, maps: maps)
    let panelWidth = crop.width * scale
    let panelHeight = crop.height * scale
    let width = (panelWidth + gap) * (maps.count + 1) - gap
    var drawing = RGBImage(
      width: width, height: panelHeight,
      pixels: [UInt8](repeating: Self.background, count: width * panelHeight * 3))
    let grid = PatchGrid(crop: crop, height: gridHeight, width: gridWidth)
    for (index, map) in ([nil] + maps.map(Optional.some)).enumerated() {
      let left = index * (panelWidth + gap)
      let colours = map.map { grid.colours(of: $0) }
      for y in 0..<panelHeight {
        for x in 0..<panelWidth {
          let pixel = crop[x / scale, y / scale]
          guard let map, let colours else {
            drawing[left + x, y] = pixel
            continue
          }
          drawing[left + x, y] = shade(
            pixel, x: x, y: y, grid: grid, map: map, colours: colours)
        }
      }
    }
    return drawing
  }

  private func check(crop: RGBImage, gridHeight: Int, gridWidth: Int, maps: [TokenMap]) throws {
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
          && map.owners.allSatisfy { $0.map((0..<patches).contains) ?? true },
        "owners", "\(patches), each a patch below that", "\(map.owners.count)")
    }
    try require((1...64).contains(scale), "scale", "1 to 64", "\(scale)")
    try require((0...4096).contains(gap), "gap", "0 to 4096", "\(gap)")
    let width = (crop.width * scale + gap).multipliedReportingOverflow(by: maps.count + 1)
    let area = width.partialValue.multipliedReportingOverflow(by: crop.height * scale)
    let most = ImageDecoder.mostPixels
    try require(
      !width.overflow && !area.overflow && area.partialValue <= most, "pixels",
      "at most \(most)", "more")
    try RGBImage.requireMemory(
      width: width.partialValue, height: crop.height * scale, for: "drawing")
  }

  private typealias Colour = (red: UInt8, green: UInt8, blue: UInt8)

  private func shade(
    _ pixel: Colour, x: Int, y: Int, grid: PatchGrid, map: TokenMap, colours: [Int: RGB]
  ) -> Colour {
    let (row, column) = (grid.row(y / scale), grid.column(x / scale))
    let patch = row * grid.width + column
    guard let owner = map.owners[patch] else {
      let grey = (Double(pixel.red) + Double(pixel.green) + Double(pixel.blue)) / 3
      let value = UInt8(150 + 0.25 * grey)
      return (value, value, value)
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

/// The cells that patches cover.
private struct PatchGrid {
  let crop: RGBImage
  let height: Int
  let width: Int

  func row(_ y: Int) -> Int { y * height / crop.height }
  func column(_ x: Int) -> Int { x * width / crop.width }
  func top(_ row: Int) -> Int { row * crop.height / height }
  func left(_ column: Int) -> Int { column * crop.width / width }

  func contains(_ row: Int, _ column: Int) -> Bool {
    (0..<height).contains(row) && (0..<width).contains(column)
  }

  /// A colour for every group of more than one patch; the same token has the same in every panel.
  func colours(of map: TokenMap) -> [Int: RGB] {
    var sizes: [Int: Int] = [:]
    for case let owner? in map.owners { sizes[owner, default: 0] += 1 }
    var colours: [Int: RGB] = [:]
    for owner in sizes.filter({ $0.value > 1 }).keys {
      // Multiples of the golden ratio lie far apart for neighbouring numbers.
      let golden = Double(owner) * 0.618_033_988_75
      colours[owner] = RGB(hue: golden - golden.rounded(.down))
    }
    return colours
  }
}

/// A saturated colour.
private struct RGB {
  let red: Double
  let green: Double
  let blue: Double

  /// The colour of a hue in [0, 1).
  init(hue: Double) {
    func channel(_ offset: Double) -> Double {
      let position = (hue + offset) * 6
      let wrapped = position - (position / 6).rounded(.down) * 6
      return 255 * (0.12 + 0.88 * max(0, min(1, abs(wrapped - 3) - 1)))
    }
    red = channel(0)
    green = channel(2.0 / 3)
    blue = channel(1.0 / 3)
  }

  /// The colour laid over a pixel so that the image stays recognisable.
  func over(_ pixel: (red: UInt8, green: UInt8, blue: UInt8))
    -> (red: UInt8, green: UInt8, blue: UInt8)
  {
    func mix(_ colour: Double, _ value: UInt8) -> UInt8 {
      UInt8(0.6 * colour + 0.4 * Double(value))
    }
    return (mix(red, pixel.red), mix(green, pixel.green), mix(blue, pixel.blue))
  }
}
