package import KernelInterface

extension PortableKernels {
  package static func nearestAssign(
    _ arguments: NearestAssignArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let rows = a.input.pointer(image: image, row: a.prefix)
    let factors = scratch.assumingMemoryBound(to: Float.self)
    for i in 0..<a.patches {
      let row = rows + i * a.input.stride
      let length = dot(row, row, a.width).squareRoot()
      factors[i] = length > 0 ? 1 / length : 0
    }
    let end = min(a.split.start(part + 1) * panelWidth, a.patches)
    for token in a.split.start(part) * panelWidth..<end {
      let own = rows + token * a.input.stride
      var nearest = token == 0 ? 1 : 0
      var highest = -Float.infinity
      for other in 0..<a.patches where other != token {
        let product = dot(own, rows + other * a.input.stride, a.width)
        // Factors first, so that two tokens find the same of each other.
        let cosine = product * (factors[token] * factors[other])
        if cosine > highest {
          highest = cosine
          nearest = other
        }
      }
      a.nearest[image * a.patches + token] = Int32(truncatingIfNeeded: nearest)
      a.similarity[image * a.patches + token] = highest
    }
  }
}
