internal import ImageInput
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
}
