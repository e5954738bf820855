internal import Tensors

/// Resamples columns along their rows, which come one after the other; no more rows are held than one row
/// of the result is made of.
struct VerticalPass {
  private let resampling: Resampling
  private let rowBytes: Int

  /// The last rows, each at its number modulo ``capacity``.
  private let ring: ByteBuffer
  private let capacity: Int
  private let coefficients: ByteBuffer
  private let sums: ByteBuffer

  /// The next row of the result.
  private var next: Int

  /// - Parameters:
  ///   - rowBytes: samples of a row.
  ///   - ahead: the most rows that are put in before the result is asked for.
  /// - Throws: `InputError` if there is no memory for the rows.
  init(_ axis: ImageAxis, filter: Resampling.Filter, rowBytes: Int, ahead: Int, file: String) throws
  {
    resampling = Resampling(axis, filter: filter)
    self.rowBytes = rowBytes
    capacity = min(resampling.inputRange.count, resampling.stride + ahead)
    ring = try ByteBuffer(count: capacity * rowBytes, for: file)
    coefficients = try ByteBuffer(
      count: resampling.stride * MemoryLayout<Int32>.stride, for: file)
    sums = try ByteBuffer(count: rowBytes * MemoryLayout<Int32>.stride, for: file)
    next = resampling.range.lowerBound
  }

  /// Rows that are read.
  var inputRange: Range<Int> { resampling.inputRange }

  /// Bytes of what is held.
  var heldBytes: Int { ring.count + coefficients.count + sums.count }

  /// Where a row of ``inputRange`` has to be put.
  func place(ofRow row: Int) -> UnsafeMutablePointer<UInt8> {
    let samples = ring.elements(of: UInt8.self)
    return samples.baseAddress.unsafelyUnwrapped + row % capacity * rowBytes
  }

  /// Writes the rows of the result that the rows before `end` suffice for.
  /// - Parameter target: gives the place of a row, counted from the first that is kept.
  mutating func run(before end: Int, to target: (_ row: Int) -> UnsafeMutablePointer<UInt8>) {
    guard let sums = sums.elements(of: Int32.self).baseAddress,
      let coefficients = coefficients.elements(of: Int32.self).baseAddress
    else { return }
    while next < resampling.range.upperBound {
      let bounds = resampling.bounds(next)
      guard bounds.upperBound <= end else { return }
      resampling.write(coefficientsOf: next, to: coefficients)
      sums.update(repeating: Resampling.half, count: rowBytes)
      for (tap, row) in bounds.enumerated() {
        let weight = coefficients[tap]
        let source = UnsafePointer(place(ofRow: row))
        for x in 0..<rowBytes { sums[x] &+= Int32(source[x]) &* weight }
      }
      let target = target(next - resampling.range.lowerBound)
      for x in 0..<rowBytes { target[x] = Resampling.clip(sums[x]) }
      next += 1
    }
  }
}
