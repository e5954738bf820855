package import KernelInterface

extension PortableKernels {
  package static func avgPool2x2(_ arguments: AvgPool2x2Arguments, item: Int) {
    let a = arguments
    let (lines, width) = (a.height / 2, a.width / 2)
    for line in a.split.start(item)..<a.split.start(item + 1) {
      let (plane, y) = line.quotientAndRemainder(dividingBy: lines)
      let top = a.input + (plane * a.height + 2 * y) * a.width
      let bottom = top + a.width
      let output = a.output + line * width
      var x = 0
      while x + 8 <= width {
        output.store((pairSums(top, x) + pairSums(bottom, x)) * 0.25, x)
        x += 8
      }
      while x < width {
        output[x] = ((top[2 * x] + top[2 * x + 1]) + (bottom[2 * x] + bottom[2 * x + 1])) * 0.25
        x += 1
      }
    }
  }

  package static func gridAvgPool(
    _ arguments: GridAvgPoolArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let normalized = scratch.assumingMemoryBound(to: Float.self)
    func row(_ index: Int) -> UnsafePointer<Float> {
      let input = a.input.pointer(image: image, row: index)
      guard let norm = a.norm else { return input }
      normalize(input, into: normalized, width: a.width, norm)
      return UnsafePointer(normalized)
    }
    for index in a.split.start(part)..<a.split.start(part + 1) {
      let output = a.output.pointer(image: image, row: index)
      guard index >= a.prefix else {
        output.update(from: row(index), count: a.width)
        continue
      }
      let (y, x) = (index - a.prefix).quotientAndRemainder(dividingBy: a.gridWidth / 2)
      let corner = a.prefix + 2 * y * a.gridWidth + 2 * x
      output.update(from: row(corner), count: a.width)
      for quarter in 1..<4 {
        let other = row(corner + quarter / 2 * a.gridWidth + quarter % 2)
        for c in 0..<a.width { output[c] += other[c] }
      }
      for c in 0..<a.width { output[c] *= 0.25 }
    }
  }

  package static func gridUpsample(_ arguments: GridUpsampleArguments, item: Int) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    for index in a.split.start(part)..<a.split.start(part + 1) {
      var source = index
      if index >= a.prefix {
        let (y, x) = (index - a.prefix).quotientAndRemainder(dividingBy: a.gridWidth)
        source = a.prefix + (y / 2) * (a.gridWidth / 2) + x / 2
      }
      let input = a.input.pointer(image: image, row: source)
      let output = a.output.pointer(image: image, row: index)
      if let addend = a.addend?.pointer(image: image, row: index) {
        for c in 0..<a.width { output[c] = addend[c] + input[c] }
      } else {
        output.update(from: input, count: a.width)
      }
    }
  }
}

/// `line[2x] + line[2x + 1]` for eight x.
@inline(__always)
private func pairSums(_ line: UnsafePointer<Float>, _ x: Int) -> Vector {
  let (low, high) = (line.vector(2 * x), line.vector(2 * x + 8))
  return Vector(lowHalf: low.evenHalf, highHalf: high.evenHalf)
    + Vector(lowHalf: low.oddHalf, highHalf: high.oddHalf)
}
