internal import Tensors

/// Resamples rows along their columns.
struct HorizontalPass {
  private let resampling: Resampling
  private let file: String

  /// The part of the output that ``table`` is for.
  private var part: Range<Int>
  private var bounds: [Range<Int>] = []
  private let table: ByteBuffer

  /// - Throws: `InputError` if there is no memory for the coefficients.
  init(_ axis: ImageAxis, filter: Resampling.Filter, file: String) throws {
    resampling = Resampling(axis, filter: filter)
    self.file = file
    part = resampling.range.lowerBound..<resampling.range.lowerBound
    let longest = resampling.parts.map(\.count).max() ?? 0
    table = try ByteBuffer(
      count: longest * resampling.stride * MemoryLayout<Int32>.stride, for: file)
  }

  /// Columns that are read.
  var inputRange: Range<Int> { resampling.inputRange }

  /// Bytes of coefficients.
  var heldBytes: Int { table.count }

  /// Resamples rows.
  /// - Parameters:
  ///   - rows: their number.
  ///   - source: the first row's first pixel.
  ///   - firstColumn: the column of that pixel in the whole image.
  ///   - sourceBytes: the step to the next row.
  ///   - target: gives the place where a row's result begins.
  mutating func run(
    rows: Range<Int>, from source: UnsafePointer<UInt8>, firstColumn: Int, sourceBytes: Int,
    to target: (_ row: Int) -> UnsafeMutablePointer<UInt8>
  ) {
    for part in resampling.parts {
      fill(part)
      let coefficients = table.elements(of: Int32.self)
      guard let coefficients = coefficients.baseAddress else { return }
      let offset = (part.lowerBound - resampling.range.lowerBound) * 3
      bounds.withUnsafeBufferPointer { bounds in
        for (line, row) in rows.enumerated() {
          resample(
            source + line * sourceBytes - firstColumn * 3, bounds, coefficients,
            to: target(row) + offset)
        }
      }
    }
  }

  @inline(__always)
  private func resample(
    _ source: UnsafePointer<UInt8>, _ bounds: UnsafeBufferPointer<Range<Int>>,
    _ coefficients: UnsafePointer<Int32>, to output: UnsafeMutablePointer<UInt8>
  ) {
    var target = output
    for x in 0..<bounds.count {
      var pixel = source + bounds[x].lowerBound * 3
      let taps = coefficients + x * resampling.stride
      var (red, green, blue) = (Resampling.half, Resampling.half, Resampling.half)
      for tap in 0..<bounds[x].count {
        let weight = taps[tap]
        red &+= Int32(pixel[0]) &* weight
        green &+= Int32(pixel[1]) &* weight
        blue &+= Int32(pixel[2]) &* weight
        pixel += 3
      }
      target[0] = Resampling.clip(red)
      target[1] = Resampling.clip(green)
      target[2] = Resampling.clip(blue)
      target += 3
    }
  }

  /// Makes the table of a part, unless it is there.
  private mutating func fill(_ part: Range<Int>) {
    guard self.part != part else { return }
    self.part = part
    bounds = part.map(resampling.bounds)
    guard let table = table.elements(of: Int32.self).baseAddress else { return }
    for (row, index) in part.enumerated() {
      resampling.write(coefficientsOf: index, to: table + row * resampling.stride)
    }
  }
}

extension Resampling {
  /// Half of the last bit that is kept, so that the shift rounds.
  static let half: Int32 = 1 << (precisionBits - 1)

  @inline(__always)
  static func clip(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> precisionBits)))
  }
}
