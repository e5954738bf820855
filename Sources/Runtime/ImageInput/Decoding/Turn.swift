internal import Tensors

/// How a stored image is turned to be seen as it is meant to: rows and columns change places, or run
/// the other way, or both.
struct Turn: Equatable {
  /// Whether the stored image's rows are columns of the turned one.
  let isTransposed: Bool

  /// Whether the stored image's rows run from the turned one's last to its first.
  let mirrorsRows: Bool

  /// Whether the stored image's columns run from the turned one's last to its first.
  let mirrorsColumns: Bool

  /// The image as it is stored.
  static let none = Turn(orientation: 1)

  /// What an EXIF orientation asks for, 1 to 8.
  init(orientation code: Int) {
    isTransposed = (5...8).contains(code)
    mirrorsRows = [3, 4, 6, 7].contains(code)
    mirrorsColumns = [2, 3, 7, 8].contains(code)
  }
}

extension RGBImage {
  /// The image as it is meant to be seen.
  func turned(_ turn: Turn, file: String) throws -> RGBImage {
    guard turn != .none else { return self }
    try Self.requireMemory(width: width, height: height, for: file)
    // Where the turned image's first pixel lies in this one, and the steps from there to its next
    // pixel to the right and below; in pixels.
    let start =
      (turn.mirrorsRows ? (height - 1) * width : 0) + (turn.mirrorsColumns ? width - 1 : 0)
    let along = turn.mirrorsColumns ? -1 : 1
    let across = turn.mirrorsRows ? -width : width
    let (right, down) = turn.isTransposed ? (across, along) : (along, across)
    let (newWidth, newHeight) = turn.isTransposed ? (height, width) : (width, height)
    let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { output, count in
      pixels.withUnsafeBufferPointer { input in
        for y in 0..<newHeight {
          for x in 0..<newWidth {
            let source = (start + x * right + y * down) * 3
            let target = (y * newWidth + x) * 3
            output[target] = input[source]
            output[target + 1] = input[source + 1]
            output[target + 2] = input[source + 2]
          }
        }
      }
      count = pixels.count
    }
    return RGBImage(width: newWidth, height: newHeight, pixels: turned)
  }
}
