internal import Glibc

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
    self.bounds = bounds
    self.coefficients = coefficients
  }

  /// Input samples that are read at all.
  var inputRange: Range<Int> {
    let first = bounds.map(\.first).min() ?? 0
    return first..<(bounds.map { $0.first + $0.count }.max() ?? 0)
  }

  @inline(__always)
  private static func clip(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> precisionBits)))
  }

  /// Resamples rows `rows` of an RGB picture of `width` pixels: `[rows, bounds.count, 3]`.
  func horizontally(_ pixels: [UInt8], width: Int, rows: Range<Int>) -> [UInt8] {
    let count = bounds.count
    return [UInt8](unsafeUninitializedCapacity: rows.count * count * 3) { output, written in
      pixels.withUnsafeBufferPointer { source in
        for (line, row) in rows.enumerated() {
          for x in 0..<count {
            var red: Int32 = 1 << (Self.precisionBits - 1)
            var green = red
            var blue = red
            var index = (row * width + bounds[x].first) * 3
            for tap in x * stride..<x * stride + bounds[x].count {
              let weight = coefficients[tap]
              red &+= Int32(source[index]) &* weight
              green &+= Int32(source[index &+ 1]) &* weight
              blue &+= Int32(source[index &+ 2]) &* weight
              index &+= 3
            }
            let target = (line * count + x) * 3
            output[target] = Self.clip(red)
            output[target + 1] = Self.clip(green)
            output[target + 2] = Self.clip(blue)
          }
        }
      }
      written = output.count
    }
  }

  /// Resamples columns of `[rows, rowSize]` samples whose first row is input row `firstRow`:
  /// `[bounds.count, rowSize]`.
  func vertically(_ samples: [UInt8], rowSize: Int, firstRow: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: bounds.count * rowSize) { output, written in
      var sums = [Int32](repeating: 0, count: rowSize)
      samples.withUnsafeBufferPointer { source in
        sums.withUnsafeMutableBufferPointer { sums in
          for y in 0..<bounds.count {
            sums.update(repeating: 1 << (Self.precisionBits - 1))
            for tap in 0..<bounds[y].count {
              let weight = coefficients[y * stride + tap]
              let base = (bounds[y].first + tap - firstRow) * rowSize
              for x in 0..<rowSize { sums[x] &+= Int32(source[base &+ x]) &* weight }
            }
            for x in 0..<rowSize { output[y * rowSize + x] = Self.clip(sums[x]) }
          }
        }
      }
      written = output.count
    }
  }
}
