extension Picture {
  /// The picture as it is meant to be seen when its EXIF orientation is `code`, 1 to 8.
  func turned(byOrientation code: Int) -> Picture {
    guard code > 1 else { return self }
    // Where the turned picture's first pixel lies in this one, and the steps from there to its next
    // pixel to the right and below; in pixels.
    let last = (right: width - 1, bottom: (height - 1) * width)
    let (start, right, down) =
      switch code {
      case 2: (last.right, -1, width)
      case 3: (last.bottom + last.right, -1, -width)
      case 4: (last.bottom, 1, -width)
      case 5: (0, width, 1)
      case 6: (last.bottom, -width, 1)
      case 7: (last.bottom + last.right, -width, -1)
      default: (last.right, width, -1)
      }
    let (newWidth, newHeight) = code >= 5 ? (height, width) : (width, height)
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
    return Picture(width: newWidth, height: newHeight, pixels: turned)
  }
}
