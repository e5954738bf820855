/// Pillow's antialiased resampling of 8-bit samples along one axis (Pillow, `Resample.c`): fixed
/// point with 22 fractional bits, the filter widened when shrinking, each pass rounded to 8 bits.
struct Resampling {
  /// Fractional bits of a coefficient.
  static let precisionBits: Int32 = 32 - 8 - 2

  /// Coefficients of consecutive output samples.
  struct Table {
    /// For each output sample: first input sample and number of taps.
    let bounds: [(first: Int, count: Int)]

    /// Coefficients, `stride` for each output sample.
    let coefficients: [Int32]

    /// The most taps of any output sample.
    let stride: Int
  }

  /// Coefficients that one table holds at most, unless a single sample needs more: 16 MiB.
  private static let tableLimit = 1 << 22

  /// Output samples that are computed.
  let range: Range<Int>

  private let input: Int
  private let filter: Filter
  private let scale: Double
  private let filterScale: Double
  private let support: Double
  private let stride: Int

  /// Makes output samples `range` of the `output` that `input` samples become.
  init(input: Int, output: Int, range: Range<Int>, filter: Filter) {
    self.input = input
    self.range = range
    self.filter = filter
    scale = Double(input) / Double(output)
    filterScale = max(scale, 1)
    support = filter.support * filterScale
    stride = min(input, Int(support.rounded(.up)) * 2 + 1)
  }

  /// Input samples that are read at all.
  var inputRange: Range<Int> {
    let last = bounds(range.upperBound - 1)
    return bounds(range.lowerBound).first..<last.first + last.count
  }

  /// The range in parts whose tables take little memory; nearly always one.
  var parts: [Range<Int>] {
    let size = max(1, Self.tableLimit / stride)
    return Swift.stride(from: range.lowerBound, to: range.upperBound, by: size).map {
      $0..<min($0 + size, range.upperBound)
    }
  }

  /// The coefficients of a part of the range.
  func table(_ part: Range<Int>) -> Table {
    var coefficients = [Int32](repeating: 0, count: part.count * stride)
    let bounds = part.map(bounds)
    for (row, index) in part.enumerated() {
      let centre = centre(index)
      let (first, count) = bounds[row]
      var weights = (0..<count).map {
        filter((Double($0 + first) - centre + 0.5) * (1 / filterScale))
      }
      let total = weights.reduce(0, +)
      if total != 0 { weights = weights.map { $0 / total } }
      for (tap, weight) in weights.enumerated() {
        let fixed = weight * Double(1 << Self.precisionBits)
        coefficients[row * stride + tap] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
      }
    }
    return Table(bounds: bounds, coefficients: coefficients, stride: stride)
  }

  private func centre(_ index: Int) -> Double { (Double(index) + 0.5) * scale }

  private func bounds(_ index: Int) -> (first: Int, count: Int) {
    let centre = centre(index)
    let first = max(0, Int(centre - support + 0.5))
    return (first, min(input, Int(centre + support + 0.5)) - first)
  }
}
