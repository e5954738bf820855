internal import Tensors

/// Pillow's antialiased resampling of 8-bit samples along one axis (Pillow, `Resample.c`): fixed
/// point with 22 fractional bits, the filter widened when shrinking, each pass rounded to 8 bits.
struct Resampling {
  /// Fractional bits of a coefficient.
  static let precisionBits: Int32 = 32 - 8 - 2

  /// Coefficients that one table holds at most, unless a single sample needs more: 16 MiB.
  private static let tableLimit = 1 << 22

  /// Output samples that are computed, counted as the input is.
  let range: Range<Int>

  /// The most taps of any output sample.
  let stride: Int

  private let axis: ImageAxis
  private let filter: Filter
  private let scale: Double
  private let filterScale: Double
  private let support: Double

  /// Resamples an axis.
  init(_ axis: ImageAxis, filter: Filter) {
    self.axis = axis
    self.filter = filter
    range = axis.storedRange
    scale = Double(axis.input) / Double(axis.output)
    filterScale = max(scale, 1)
    support = filter.support * filterScale
    stride = min(axis.input, Int(support.rounded(.up)) * 2 + 1)
  }

  /// Input samples that are read at all.
  var inputRange: Range<Int> {
    bounds(range.lowerBound).lowerBound..<bounds(range.upperBound - 1).upperBound
  }

  /// The range in parts whose tables take little memory; nearly always one.
  var parts: [Range<Int>] {
    let size = max(1, Self.tableLimit / stride)
    return Swift.stride(from: range.lowerBound, to: range.upperBound, by: size).map {
      $0..<min($0 + size, range.upperBound)
    }
  }

  /// The input samples of an output sample. Those of the next begin and end no earlier.
  func bounds(_ index: Int) -> Range<Int> {
    let plain = plainBounds(axis.mirrors ? axis.output - 1 - index : index)
    return axis.mirrors
      ? axis.input - plain.upperBound..<axis.input - plain.lowerBound : plain
  }

  /// Writes the coefficients of an output sample, one for each of its input samples.
  func write(coefficientsOf index: Int, to coefficients: UnsafeMutablePointer<Int32>) {
    let plain = axis.mirrors ? axis.output - 1 - index : index
    let bounds = plainBounds(plain)
    let centre = centre(plain)
    func weight(_ sample: Int) -> Double {
      filter((Double(sample) - centre + 0.5) * (1 / filterScale))
    }
    // Pillow adds them up in this order.
    var total = 0.0
    for sample in bounds { total += weight(sample) }
    for sample in bounds {
      let share = total != 0 ? weight(sample) / total : weight(sample)
      let fixed = share * Double(1 << Self.precisionBits)
      let tap = axis.mirrors ? bounds.upperBound - 1 - sample : sample - bounds.lowerBound
      coefficients[tap] = Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
    }
  }

  private func centre(_ index: Int) -> Double { (Double(index) + 0.5) * scale }

  private func plainBounds(_ index: Int) -> Range<Int> {
    let centre = centre(index)
    let first = max(0, Int(centre - support + 0.5))
    return first..<min(axis.input, Int(centre + support + 0.5))
  }
}

/// One axis of a stored image, and what becomes of it.
struct ImageAxis: Equatable {
  /// Stored samples.
  let input: Int

  /// Samples of the resized image.
  let output: Int

  /// Those of them that the crop keeps, counted as they will be seen.
  let kept: Range<Int>

  /// Whether the stored samples run the other way.
  let mirrors: Bool

  /// The kept samples, counted as the stored ones are.
  var storedRange: Range<Int> {
    mirrors ? output - kept.upperBound..<output - kept.lowerBound : kept
  }
}
