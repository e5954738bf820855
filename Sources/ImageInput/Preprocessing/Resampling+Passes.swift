/// The two passes. Pointers are read inside what the tables' bounds and the windows span, which is
/// checked once for each pass.
extension Resampling {
  /// Half of the last bit that is kept, so that the shift rounds.
  private static let half: Int32 = 1 << (precisionBits - 1)

  @inline(__always)
  private static func clip(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> precisionBits)))
  }

  /// Resamples rows `rows` of a window along their columns.
  func horizontally(_ window: PixelWindow, rows: Range<Int>) -> PixelWindow {
    precondition(window.holds(rows: rows, columns: inputRange))
    let rowSize = range.count * 3
    let samples = [UInt8](unsafeUninitializedCapacity: rows.count * rowSize) { output, written in
      guard let output = output.baseAddress else { return }
      for part in parts {
        let start = output + (part.lowerBound - range.lowerBound) * 3
        withTable(part) { bounds, coefficients, stride in
          window.samples.withUnsafeBufferPointer { input in
            guard let input = input.baseAddress else { return }
            for (line, row) in rows.enumerated() {
              let source = input + window.sampleRange(row: row, columns: window.columns).lowerBound
              var target = start + line * rowSize
              for x in 0..<part.count {
                var pixel = source + (bounds[x].first - window.columns.lowerBound) * 3
                let taps = coefficients + x * stride
                var (red, green, blue) = (Self.half, Self.half, Self.half)
                for tap in 0..<bounds[x].count {
                  let weight = taps[tap]
                  red &+= Int32(pixel[0]) &* weight
                  green &+= Int32(pixel[1]) &* weight
                  blue &+= Int32(pixel[2]) &* weight
                  pixel += 3
                }
                target[0] = Self.clip(red)
                target[1] = Self.clip(green)
                target[2] = Self.clip(blue)
                target += 3
              }
            }
          }
        }
      }
      written = rows.count * rowSize
    }
    return PixelWindow(rows: rows, columns: range, samples: samples)
  }

  /// Resamples columns `columns` of a window along their rows.
  func vertically(_ window: PixelWindow, columns: Range<Int>) -> PixelWindow {
    precondition(window.holds(rows: inputRange, columns: columns))
    let rowSize = columns.count * 3
    let step = window.columns.count * 3
    let samples = [UInt8](unsafeUninitializedCapacity: range.count * rowSize) { output, written in
      guard let output = output.baseAddress else { return }
      var sums = [Int32](repeating: 0, count: rowSize)
      for part in parts {
        let start = output + (part.lowerBound - range.lowerBound) * rowSize
        withTable(part) { bounds, coefficients, stride in
          window.samples.withUnsafeBufferPointer { input in
            sums.withUnsafeMutableBufferPointer { sums in
              guard let input = input.baseAddress, let sums = sums.baseAddress else { return }
              for y in 0..<part.count {
                sums.update(repeating: Self.half, count: rowSize)
                var source =
                  input + window.sampleRange(row: bounds[y].first, columns: columns).lowerBound
                for tap in 0..<bounds[y].count {
                  let weight = coefficients[y * stride + tap]
                  for x in 0..<rowSize { sums[x] &+= Int32(source[x]) &* weight }
                  source += step
                }
                let target = start + y * rowSize
                for x in 0..<rowSize { target[x] = Self.clip(sums[x]) }
              }
            }
          }
        }
      }
      written = range.count * rowSize
    }
    return PixelWindow(rows: range, columns: columns, samples: samples)
  }

  private func withTable(
    _ part: Range<Int>,
    _ body: (UnsafePointer<(first: Int, count: Int)>, UnsafePointer<Int32>, _ stride: Int) -> Void
  ) {
    let table = table(part)
    table.bounds.withUnsafeBufferPointer { bounds in
      table.coefficients.withUnsafeBufferPointer { coefficients in
        guard let bounds = bounds.baseAddress, let coefficients = coefficients.baseAddress else {
          return
        }
        body(bounds, coefficients, table.stride)
      }
    }
  }
}

extension PixelWindow {
  fileprivate func holds(rows: Range<Int>, columns: Range<Int>) -> Bool {
    self.rows.clamped(to: rows) == rows && self.columns.clamped(to: columns) == columns
      && samples.count == self.rows.count * self.columns.count * 3
  }
}
