/// Pillow's antialiased resampling of 8-bit samples along one axis (Pillow, `Resample.c`): fixed
/// point with 22 fractional bits, the filter widened when shrinking, each pass rounded to 8 bits.
struct Resampling {
  /// The filters.
  enum Filter {
    case bicubic
    case bilinear

    var support: Double { self == .bicubic ? 2 : 1 }

    func callAsFunction(_ x: Double) -> Double {
      let x = abs(x)
      guard self == .bicubic else { return x < 1 ? 1 - x : 0 }
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
  }

  /// Fractional bits of a coefficient.
  static let precisionBits: Int32 = 32 - 8 - 2

  /// For each output sample of the range: first input sample and number of taps.
  let bounds: [(first: Int, count: Int)]

  /// Output samples that are computed.
  let range: Range<Int>

  /// Coefficients, `stride` for each output sample.
  let coefficients: [Int32]

  /// The most taps of any output sample.
  let stride: Int

  /// Coefficients for output samples `range` when `input` samples become `output` samples.
  init(input: Int, output: Int, range: Range<Int>, filter: Filter) {
    let scale = Double(input) / Double(output)
    let filterScale = max(scale, 1)
    let support = filter.support * filterScale
    stride = Int(support.rounded(.up)) * 2 + 1
    var bounds: [(first: Int, count: Int)] = []
    var coefficients = [Int32](repeating: 0, count: range.count * stride)
    for (row, index) in range.enumerated() {
      let centre = (Double(index) + 0.5) * scale
      let first = max(0, Int(centre - support + 0.5))
      let count = min(input, Int(centre + support + 0.5)) - first
      var weights = (0..<count).map {
        filter((Double($0 + first) - centre + 0.5) * (1 / filterScale))
      }
      let total = weights.reduce(0, +)
      if total != 0 { weights = weights.map { $0 / total } }
      for (tap, weight) in weights.enumerated() {
        let fixed = weight * Double(1 << Self.precisionBits)
        coefficients[row * stride + tap] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
      }
      bounds.append((first, count))
    }
    self.range = range
    self.bounds = bounds
    self.coefficients = coefficients
  }

  /// Input samples that are read at all.
  var inputRange: Range<Int> {
    let first = bounds.map(\.first).min() ?? 0
    return first..<(bounds.map { $0.first + $0.count }.max() ?? 0)
  }
}
