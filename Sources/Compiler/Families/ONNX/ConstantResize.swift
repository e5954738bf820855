/// ONNX's `Resize` of numbers, one axis after the other.
struct ConstantResize {
  /// The filters that are read.
  enum Mode: String {
    case cubic, linear
  }

  /// Where a result's element lies between its operand's.
  enum Coordinates: String {
    case halfPixel = "half_pixel"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignedCorners = "align_corners"
    case asymmetric
  }

  /// Of the result.
  let extents: [Int]

  /// The result's extents over the operand's, as they are asked for.
  let scales: [Double]
  let mode: Mode
  let coordinates: Coordinates

  /// The cubic filter's `a`.
  let cubicCoefficient: Double

  /// The filter is widened where the axis shrinks.
  let isAntialiased: Bool

  /// What lies outside weighs nothing, instead of repeating the edge.
  let excludesOutside: Bool

  /// The one at work.
  var axis = 0

  /// Resizes row-major `values` of `shape` along the axis.
  func along(_ values: [Double], _ shape: [Int]) -> [Double] {
    let (count, target) = (shape[axis], extents[axis])
    guard count != target || scales[axis] != 1 else { return values }
    let (outer, inner) = (shape[..<axis].reduce(1, *), shape[(axis + 1)...].reduce(1, *))
    var result = [Double](repeating: 0, count: outer * target * inner)
    for place in 0..<target {
      let taps = taps(place, count, target)
      for row in 0..<outer {
        for column in 0..<inner {
          var sum = 0.0
          for tap in taps { sum += tap.weight * values[(row * count + tap.index) * inner + column] }
          result[(row * target + place) * inner + column] = sum
        }
      }
    }
    return result
  }

  /// The operand's elements that make one of the result, and their weights.
  private func taps(_ place: Int, _ count: Int, _ target: Int) -> [(index: Int, weight: Double)] {
    let center = center(place, count, target)
    let width = isAntialiased ? min(scales[axis], 1) : 1
    let reach = (mode == .cubic ? 2.0 : 1.0) / width
    // Positions that are far outside repeat the edge whatever their weight.
    let limit = Double(count) + reach + 1
    let place = min(max(center, -limit), limit)
    let range: ClosedRange<Int>
    if isAntialiased {
      let first = Int((place - reach + 1).rounded(.down))
      range = first...max(first, Int((place + reach + 1).rounded(.down)) - 1)
    } else {
      let first = Int(place.rounded(.down)) - (mode == .cubic ? 1 : 0)
      range = first...(first + (mode == .cubic ? 3 : 1))
    }
    var taps: [(index: Int, weight: Double)] = []
    for index in range where !excludesOutside || (0..<count).contains(index) {
      let weight = weight((Double(index) - place) * width)
      taps.append((min(max(index, 0), count - 1), weight))
    }
    let total = taps.reduce(0) { $0 + $1.weight }
    guard excludesOutside || isAntialiased, total != 0 else { return taps }
    return taps.map { ($0.index, $0.weight / total) }
  }

  private func center(_ place: Int, _ count: Int, _ target: Int) -> Double {
    switch coordinates {
    case .pytorchHalfPixel where target == 1: 0
    case .halfPixel, .pytorchHalfPixel: (Double(place) + 0.5) / scales[axis] - 0.5
    case .alignedCorners:
      target == 1 ? 0 : Double(place) * Double(count - 1) / Double(target - 1)
    case .asymmetric: Double(place) / scales[axis]
    }
  }

  private func weight(_ distance: Double) -> Double {
    let (x, a) = (abs(distance), cubicCoefficient)
    guard mode == .cubic else { return max(0, 1 - x) }
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
  }
}
