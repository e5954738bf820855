internal import Tensors

/// Resizes and crops an image as Pillow does, while its rows come from top to bottom.
///
/// As in Pillow since version 13, rows are resampled first where that saves work; both orders round to
/// 8 bits between the passes. Only rows and columns that survive the crop are computed.
final class RowResizer {
  /// Rows that come at once, at most.
  static let stripRows = 16

  private let rows: ImageAxis
  private let columns: ImageAxis
  private let file: String

  /// The result, `[rows.kept.count, columns.kept.count, 3]`, in the order of the stored image.
  private let output: ByteBuffer

  private var horizontal: HorizontalPass?
  private var vertical: VerticalPass?

  /// What the vertical pass makes where it is first.
  private let lines: ByteBuffer?

  /// Columns of the stored image that go into the vertical pass, or into the result, as they are.
  private let slice: Range<Int>

  private let nearest: (rows: [Int], columns: [Int])?
  private var nextNearest = 0

  /// - Parameters:
  ///   - rows: the stored image's rows.
  ///   - columns: its columns.
  ///   - interpolation: the filter.
  ///   - isVerticalFirst: whether columns are resampled along their rows before anything else.
  ///   - file: what errors call the image.
  /// - Throws: `InputError` if there is no memory for it.
  init(
    rows: ImageAxis, columns: ImageAxis, interpolation: Preprocessing.Interpolation,
    isVerticalFirst: Bool, file: String
  ) throws {
    self.rows = rows
    self.columns = columns
    self.file = file
    output = try ByteBuffer(count: rows.kept.count * columns.kept.count * 3, for: file)
    guard let filter = interpolation.filter else {
      nearest = (NearestNeighbour(rows).places, NearestNeighbour(columns).places)
      output.bytes.initializeMemory(as: UInt8.self, repeating: 0)
      (lines, slice) = (nil, columns.storedRange)
      return
    }
    nearest = nil
    if columns.input != columns.output {
      horizontal = try HorizontalPass(columns, filter: filter, file: file)
    }
    let hasVertical = rows.input != rows.output
    let isFirst = hasVertical && isVerticalFirst
    slice = isFirst ? horizontal?.inputRange ?? columns.storedRange : columns.storedRange
    lines =
      isFirst && horizontal != nil
      ? try ByteBuffer(count: rows.kept.count * slice.count * 3, for: file) : nil
    if hasVertical {
      vertical = try VerticalPass(
        rows, filter: filter, rowBytes: slice.count * 3, ahead: Self.stripRows, file: file)
    }
  }

  /// Bytes that are held.
  var heldBytes: Int {
    output.count + (lines?.count ?? 0) + (horizontal?.heldBytes ?? 0) + (vertical?.heldBytes ?? 0)
  }

  /// Takes the next rows.
  /// - Parameters:
  ///   - range: which of the stored image they are, at most ``stripRows``.
  ///   - samples: their samples.
  func take(_ range: Range<Int>, _ samples: UnsafeBufferPointer<UInt8>) {
    let rowBytes = columns.input * 3
    precondition(samples.count >= range.count * rowBytes)
    guard let strip = samples.baseAddress else { return }
    if let nearest { return pick(range, strip, nearest.rows, nearest.columns) }
    let wanted = range.clamped(to: vertical?.inputRange ?? rows.storedRange)
    if !wanted.isEmpty {
      let source = strip + (wanted.lowerBound - range.lowerBound) * rowBytes
      let target = { [self] (row: Int) in
        vertical?.place(ofRow: row) ?? outputRow(row - rows.storedRange.lowerBound)
      }
      if lines == nil, horizontal != nil {
        horizontal?.run(
          rows: wanted, from: source, firstColumn: 0, sourceBytes: rowBytes, to: target)
      } else {
        for (line, row) in wanted.enumerated() {
          target(row).update(
            from: source + line * rowBytes + slice.lowerBound * 3, count: slice.count * 3)
        }
      }
    }
    vertical?.run(before: range.upperBound) { [self] row in lineRow(row) ?? outputRow(row) }
  }

  /// The result, when all rows have come: `[rows.kept.count, columns.kept.count, 3]`, in the order of
  /// the stored image.
  func finish() throws -> [UInt8] {
    if let lines, let source = lines.elements(of: UInt8.self).baseAddress {
      horizontal?.run(
        rows: 0..<rows.kept.count, from: source, firstColumn: slice.lowerBound,
        sourceBytes: slice.count * 3
      ) { [self] row in outputRow(row) }
    }
    try ByteBuffer.require(output.count, for: file)
    return Array(output.bytes)
  }

  private func outputRow(_ row: Int) -> UnsafeMutablePointer<UInt8> {
    output.elements(of: UInt8.self).baseAddress.unsafelyUnwrapped + row * columns.kept.count * 3
  }

  private func lineRow(_ row: Int) -> UnsafeMutablePointer<UInt8>? {
    lines?.elements(of: UInt8.self).baseAddress.map { $0 + row * slice.count * 3 }
  }

  private func pick(
    _ range: Range<Int>, _ strip: UnsafePointer<UInt8>, _ rows: [Int], _ columns: [Int]
  ) {
    while nextNearest < rows.count, rows[nextNearest] < range.upperBound {
      defer { nextNearest += 1 }
      let row = rows[nextNearest]
      guard range.contains(row) else { continue }
      let source = strip + (row - range.lowerBound) * self.columns.input * 3
      let target = outputRow(nextNearest)
      for (index, column) in columns.enumerated() where (0..<self.columns.input).contains(column) {
        for channel in 0..<3 { target[index * 3 + channel] = source[column * 3 + channel] }
      }
    }
  }
}
