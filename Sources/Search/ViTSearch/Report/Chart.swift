internal import CLibrary

/// A chart of points over two axes, as SVG.
package struct Chart {
  package struct Point: Sendable {
    package var x: Double
    package var y: Double
    /// Shown where the pointer rests.
    package var title: String
    /// Drawn large, and joined by a line.
    package var isChosen = false

    package init(x: Double, y: Double, title: String, isChosen: Bool = false) {
      (self.x, self.y, self.title, self.isChosen) = (x, y, title, isChosen)
    }
  }

  private let title: String
  private let xName: String
  private let yName: String
  private let points: [Point]

  private let width = 460.0
  private let height = 300.0
  private let left = 56.0
  private let bottom = 44.0
  private let margin = 16.0

  package init(title: String, x: String, y: String, points: [Point]) {
    self.title = title
    (xName, yName) = (x, y)
    self.points = points.filter { $0.x.isFinite && $0.y.isFinite }
  }

  /// The figure.
  package var html: String {
    let (xs, ys) = (Axis(points.map(\.x)), Axis(points.map(\.y)))
    func place(_ point: Point) -> (x: Double, y: Double) {
      (
        left + xs.share(of: point.x) * (width - left - margin),
        height - bottom - ys.share(of: point.y) * (height - bottom - margin)
      )
    }
    func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
    var lines = [
      "<figure><figcaption>\(HTMLText.escaped(title))</figcaption>",
      "<svg viewBox=\"0 0 \(text(width)) \(text(height))\" role=\"img\" aria-label=\"\(HTMLText.escaped(title))\">",
    ]
    for tick in xs.ticks {
      let x = left + xs.share(of: tick) * (width - left - margin)
      lines.append(
        "<line class=\"grid\" x1=\"\(text(x))\" x2=\"\(text(x))\" y1=\"\(text(margin))\" "
          + "y2=\"\(text(height - bottom))\"/>")
      lines.append(
        "<text x=\"\(text(x))\" y=\"\(text(height - bottom + 16))\" text-anchor=\"middle\">\(xs.text(tick))</text>"
      )
    }
    for tick in ys.ticks {
      let y = height - bottom - ys.share(of: tick) * (height - bottom - margin)
      lines.append(
        "<line class=\"grid\" x1=\"\(text(left))\" x2=\"\(text(width - margin))\" y1=\"\(text(y))\" "
          + "y2=\"\(text(y))\"/>")
      lines.append(
        "<text x=\"\(text(left - 6))\" y=\"\(text(y + 4))\" text-anchor=\"end\">\(ys.text(tick))</text>"
      )
    }
    lines.append(
      "<text x=\"\(text((left + width - margin) / 2))\" y=\"\(text(height - 8))\" text-anchor=\"middle\">"
        + "\(HTMLText.escaped(xName))</text>")
    let middle = text((height - bottom + margin) / 2)
    lines.append(
      "<text transform=\"translate(13 \(middle)) rotate(-90)\" text-anchor=\"middle\">\(HTMLText.escaped(yName))</text>"
    )
    let chosen = points.filter(\.isChosen).sorted { $0.x < $1.x }
    let way = chosen.map(place).map { "\(text($0.x)),\(text($0.y))" }.joined(separator: " ")
    lines.append("<polyline class=\"curve\" points=\"\(way)\"/>")
    for point in points.filter({ !$0.isChosen }) + chosen {
      let (x, y) = place(point)
      lines.append(
        "<circle class=\"\(point.isChosen ? "chosen" : "tried")\" cx=\"\(text(x))\" cy=\"\(text(y))\" "
          + "r=\"\(point.isChosen ? 5 : 3)\"><title>\(HTMLText.escaped(point.title))</title></circle>"
      )
    }
    return (lines + ["</svg></figure>"]).joined(separator: "\n")
  }
}

/// Round numbers that hold all values.
private struct Axis {
  let ticks: [Double]
  private let step: Double

  init(_ values: [Double]) {
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    let span = max(high - low, abs(high) * 1e-3, 1e-9)
    let power = pow(10, (log10(span / 4)).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * power }.first { span / $0 <= 5 } ?? power
    let first = (low / step).rounded(.down)
    let last = max((high / step).rounded(.up), first + 1)
    self.step = step
    ticks = stride(from: first, through: last, by: 1).map { $0 * step }
  }

  func share(of value: Double) -> Double {
    let (first, last) = (ticks[0], ticks[ticks.count - 1])
    return (value - first) / (last - first)
  }

  func text(_ tick: Double) -> String {
    let digits = max(0, Int((-log10(step)).rounded(.up)))
    let scale = pow(10, Double(digits))
    let value = (tick * scale).rounded() / scale
    return digits == 0 ? "\(Int(value))" : "\(value)"
  }
}
