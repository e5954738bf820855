internal import ImageInput
internal import Tensors
internal import Testing

@Suite struct DrawingTests {
  private let crop = RGBImage(
    width: 32, height: 32, pixels: (0..<32 * 32 * 3).map { UInt8(truncatingIfNeeded: $0 &* 7) })

  @Test func encodedImagesDecodeToThemselves() throws {
    for (width, height) in [(32, 32), (1, 1), (5, 3)] {
      let image = RGBImage(
        width: width, height: height, pixels: Array(crop.pixels.prefix(width * height * 3)))
      #expect(try decode(PNGEncoder.encode(image)) == image)
    }
  }

  @Test func firstPanelIsTheImageAndOthersShowTheirStage() throws {
    // Patches 0 and 1 share a token, 2 stands for itself, 3 has left.
    let map = TokenMap(owners: [0, 0, 2, nil])
    let drawing = TokenMapDrawing()
    let panels = try drawing.draw(crop: crop, gridHeight: 2, gridWidth: 2, maps: [map, map])
    let panel = 32 * drawing.scale
    #expect(panels.height == panel && panels.width == 3 * panel + 2 * drawing.gap)
    for (x, y) in [(0, 0), (31, 0), (7, 30)] {
      let pixel = panels[x * drawing.scale, y * drawing.scale]
      #expect(pixel == crop[x, y])
    }
    func shown(_ x: Int, _ y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
      panels[panel + drawing.gap + x * drawing.scale, y * drawing.scale]
    }
    #expect(shown(8, 24) == crop[8, 24])
    #expect(shown(8, 8) != crop[8, 8])
    let left = shown(24, 24)
    #expect(left.red == left.green && left.green == left.blue)
  }

  @Test func panelsWrapIntoRows() throws {
    let map = TokenMap(owners: [0, 0, 2, nil])
    var drawing = TokenMapDrawing()
    drawing.columns = 5
    let panels = try drawing.draw(
      crop: crop, gridHeight: 2, gridWidth: 2, maps: [TokenMap](repeating: map, count: 12))
    let panel = 32 * drawing.scale
    #expect(panels.width == 5 * panel + 4 * drawing.gap)
    #expect(panels.height == 3 * panel + 2 * drawing.gap)
    // The eighth stage is the fourth panel of the second row, and nothing stands behind the last one.
    let (left, top) = (3 * (panel + drawing.gap), panel + drawing.gap)
    #expect(panels[left + 8 * drawing.scale, top + 24 * drawing.scale] == crop[8, 24])
    #expect(panels[panels.width - 1, panels.height - 1] == (255, 255, 255))
  }

  @Test func theFusedTokenIsDrawnAsOneAndNotAsThoseThatLeft() throws {
    func pixel(_ map: TokenMap, _ x: Int, _ y: Int) throws -> (
      red: UInt8, green: UInt8, blue: UInt8
    ) {
      let drawing = TokenMapDrawing()
      let panels = try drawing.draw(crop: crop, gridHeight: 2, gridWidth: 2, maps: [map])
      return panels[(32 + x) * drawing.scale + drawing.gap, y * drawing.scale]
    }
    let owners = [0, 1, nil, nil]
    let left = try pixel(TokenMap(owners: owners), 8, 24)
    let fused = try pixel(TokenMap(owners: owners, fused: [2]), 8, 24)
    #expect(fused.blue > fused.green && fused != left)
    #expect(
      try pixel(TokenMap(owners: owners, fused: [2]), 24, 24)
        == pixel(TokenMap(owners: owners), 24, 24))
    #expect(throws: InputError.self) { try pixel(TokenMap(owners: owners, fused: [0]), 0, 0) }
    #expect(throws: InputError.self) { try pixel(TokenMap(owners: owners, fused: [4]), 0, 0) }
    #expect(throws: InputError.self) { try pixel(TokenMap(owners: owners, waiting: [0]), 0, 0) }
  }

  /// They look alike, and never are in one drawing; the legend tells which they are.
  @Test func theLegendTellsWhatWaitsFromWhatLeft() throws {
    func panels(waiting: Set<Int>) throws -> RGBImage {
      let map = TokenMap(owners: [0, 1, nil, nil], waiting: waiting)
      var drawing = TokenMapDrawing()
      drawing.scale = 8
      return try drawing.draw(
        crop: crop, gridHeight: 2, gridWidth: 2, maps: [map], titles: ["image", "block"])
    }
    let (left, waits) = (try panels(waiting: []), try panels(waiting: [2, 3]))
    #expect(left.width == waits.width && left.height == waits.height && left != waits)
    let legend = 24
    for y in 0..<left.height - legend {
      for x in 0..<left.width where left[x, y] != waits[x, y] {
        Issue.record("another pixel at \(x), \(y)")
        return
      }
    }
  }

  @Test func titlesStandAbovePanelsAndTheLegendHasWhatThereIs() throws {
    let plain = TokenMap(owners: [0, 1, 2, 3])
    func height(_ map: TokenMap, _ titles: [String]) throws -> Int {
      var drawing = TokenMapDrawing()
      drawing.scale = 10
      return try drawing.draw(
        crop: crop, gridHeight: 2, gridWidth: 2, maps: [map], titles: titles
      ).height
    }
    let titles = ["image", "block 4"]
    let bare = try height(plain, [])
    let titled = try height(plain, titles)
    // A line of letters above, a line of the legend below, each with its distance.
    #expect(bare == 320 && titled == 320 + 22 + 8 + 24)
    // Merged, fused and left: more than a line has room for.
    #expect(try height(TokenMap(owners: [0, 0, nil, nil], fused: [2]), titles) == titled + 24)
    #expect(throws: InputError.self) { try height(plain, ["image"]) }
    var drawing = TokenMapDrawing()
    drawing.scale = 10
    let panels = try drawing.draw(
      crop: crop, gridHeight: 2, gridWidth: 2, maps: [plain], titles: ["", "l"])
    // The upright of the letter, above the second panel alone.
    func isBlack(_ x: Int, _ y: Int) -> Bool { panels[x, y] == (0, 0, 0) }
    #expect(isBlack(328 + 5, 8) && !isBlack(328 + 8, 8) && !isBlack(5, 8))
  }
}
