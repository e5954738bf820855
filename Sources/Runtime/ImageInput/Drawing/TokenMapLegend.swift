/// What the colours of a drawing of tokens mean.
enum TokenMapLegend {
  /// Pixels of a dot of its letters, of a swatch's side and between entries.
  private static let dot = 2
  private static let swatch = 16
  private static let gap = 8

  private enum Entry: CaseIterable {
    case representative, member, alone, left, waiting, fused

    var text: String {
      switch self {
      case .representative: "stands for others"
      case .member: "joined it"
      case .alone: "stands for itself"
      case .left: "left"
      case .waiting: "waits"
      case .fused: "fused into one"
      }
    }

    /// A pixel of its swatch.
    func pixel(x: Int, y: Int, side: Int) -> RGBImage.Pixel {
      let photo: RGBImage.Pixel = (UInt8(90 + 6 * x), UInt8(120 + 4 * y), 100)
      let colour = RGB(hue: 0.55).over(photo)
      switch self {
      case .representative:
        return min(x, y, side - 1 - x, side - 1 - y) < 2 ? (255, 255, 255) : colour
      case .member: return colour
      case .alone: return photo
      case .left, .waiting: return TokenMapLegend.left(photo)
      case .fused: return TokenMapLegend.fused(photo, x: x, y: y)
      }
    }

    var width: Int { swatch + gap + text.count * DotText.advance * dot + 2 * gap }
  }

  /// Only what there is has an entry.
  private static func entries(of maps: [TokenMap]) -> [Entry] {
    let isFused = maps.contains { !$0.fused.isEmpty }
    let hasLeft = maps.contains { map in
      map.owners.indices.contains {
        map.owners[$0] == nil && !map.fused.contains($0) && !map.waiting.contains($0)
      }
    }
    let isWaiting = maps.contains { !$0.waiting.isEmpty }
    let isMerged = maps.contains { map in
      map.owners.indices.contains { patch in map.owners[patch].map { $0 != patch } ?? false }
    }
    return Entry.allCases.filter { entry in
      switch entry {
      case .representative, .member: isMerged
      case .alone: true
      case .left: hasLeft
      case .waiting: isWaiting
      case .fused: isFused
      }
    }
  }

  /// Pixels that the legend takes below panels, in as many lines as the width asks for.
  static func height(of maps: [TokenMap], width: Int) -> Int {
    (places(of: entries(of: maps), width: width).last?.line ?? 0) * (swatch + gap) + swatch + gap
  }

  private static func places(of entries: [Entry], width: Int)
    -> [(entry: Entry, left: Int, line: Int)]
  {
    var (left, line) = (0, 0)
    return entries.map { entry in
      if left > 0, left + entry.width > width { (left, line) = (0, line + 1) }
      defer { left += entry.width }
      return (entry, left, line)
    }
  }

  /// Draws what the maps have.
  static func draw(_ maps: [TokenMap], in drawing: inout RGBImage, top: Int) {
    for (entry, left, line) in places(of: entries(of: maps), width: drawing.width) {
      let first = top + line * (swatch + gap)
      for y in 0..<swatch {
        for x in 0..<swatch where left + x < drawing.width {
          // A frame, or white edges would not be seen on white.
          let isFrame = x == 0 || y == 0 || x == swatch - 1 || y == swatch - 1
          drawing[left + x, first + y] =
            isFrame ? (20, 20, 20) : entry.pixel(x: x - 1, y: y - 1, side: swatch - 2)
        }
      }
      DotText.draw(
        entry.text, in: &drawing, x: left + swatch + gap, y: first + 1, end: drawing.width,
        scale: dot)
    }
  }

  /// A pixel of a token that left: pale grey.
  static func left(_ pixel: RGBImage.Pixel) -> RGBImage.Pixel {
    let grey = (Double(pixel.red) + Double(pixel.green) + Double(pixel.blue)) / 3
    let value = UInt8(150 + 0.25 * grey)
    return (value, value, value)
  }

  /// A pixel of the token that others were fused into: stripes of violet.
  static func fused(_ pixel: RGBImage.Pixel, x: Int, y: Int) -> RGBImage.Pixel {
    func mix(_ ink: Double, _ value: UInt8, _ share: Double) -> UInt8 {
      UInt8(share * ink + (1 - share) * Double(value))
    }
    let share = (x + y) % 8 < 4 ? 0.75 : 0.45
    return (mix(90, pixel.red, share), mix(40, pixel.green, share), mix(150, pixel.blue, share))
  }
}
