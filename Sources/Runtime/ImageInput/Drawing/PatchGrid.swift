/// The cells that patches cover.
struct PatchGrid {
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
struct RGB {
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
