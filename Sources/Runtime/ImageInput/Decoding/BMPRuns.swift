/// Runs of places in a palette (RLE8 and RLE4), by Pillow's rules for those that do not fit their row.
enum BMPRuns {
  /// Writes pixels, row after row as they are stored, until all are there, the data end or they say so.
  /// - Parameters:
  ///   - offset: where the runs begin.
  ///   - bits: 8, or 4 for two pixels in a byte.
  /// - Returns: how many pixels there are.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, from offset: Int, bits: Int, width: Int,
    to pixels: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    var place = offset
    var count = 0
    /// The column behind the last run.
    var column = 0
    func fill(_ wanted: Int, with value: (Int) -> UInt8) {
      for index in 0..<min(wanted, pixels.count - count) { pixels[count + index] = value(index) }
      count += min(wanted, pixels.count - count)
    }
    while count < pixels.count, place <= bytes.count - 2 {
      let (length, value) = (Int(bytes[place]), bytes[place + 1])
      place += 2
      if length > 0 {
        let room = max(0, min(length, width - column))
        fill(room) { bits == 8 ? value : $0 % 2 == 0 ? value >> 4 : value & 15 }
        column += room
        continue
      }
      switch value {
      case 0:
        if count % width != 0 { fill(width - count % width) { _ in 0 } }
        column = 0
      case 1: return count
      case 2:
        guard place <= bytes.count - 2 else { return count }
        fill(Int(bytes[place]) + Int(bytes[place + 1]) * width) { _ in 0 }
        place += 2
        column = count % width
      default:
        let wanted = min(pixels.count - count, Int(value))
        let byteCount = bits == 8 ? wanted : (wanted + 1) / 2
        guard byteCount <= bytes.count - place else { return count }
        fill(wanted) { index in
          let byte = bytes[place + index * bits / 8]
          return bits == 8 ? byte : index % 2 == 0 ? byte >> 4 : byte & 15
        }
        column += Int(value)
        // Pixels that stand for themselves fill whole words, counted from the file's first byte.
        place += byteCount + (place + byteCount) % 2
      }
    }
    return count
  }
}
