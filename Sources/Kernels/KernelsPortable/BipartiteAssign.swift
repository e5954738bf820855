package import KernelInterface

extension PortableKernels {
  package static func bipartiteAssign(
    _ arguments: BipartiteAssignArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let sources = a.sources
    let others = a.patches - sources
    let stride = paddedStride(a.headWidth)
    let metrics = scratch.assumingMemoryBound(to: Float.self)
    for b in 0..<others {
      metric(a, image: image, patch: 1 - a.first + 2 * b, into: metrics + b * stride)
    }
    let own = metrics + others * stride
    for edge in a.split.start(part)..<a.split.start(part + 1) {
      metric(a, image: image, patch: a.first + 2 * edge, into: own)
      var best = 0
      var highest = -Float.infinity
      for b in 0..<others {
        let value = dot(own, metrics + b * stride, a.headWidth)
        if value > highest {
          highest = value
          best = b
        }
      }
      a.best[image * sources + edge] = Int32(truncatingIfNeeded: best)
      a.score[image * sources + edge] = highest
    }
  }
}

/// The key of a patch averaged over heads, with length 1.
private func metric(
  _ a: BipartiteAssignArguments, image: Int, patch: Int, into metric: UnsafeMutablePointer<Float>
) {
  let keys = a.qkv.pointer(image: image, row: a.prefix + patch) + a.heads * a.headWidth
  for c in 0..<a.headWidth {
    var sum: Float = 0
    for h in 0..<a.heads { sum += keys[h * a.headWidth + c] }
    metric[c] = sum / Float(a.heads)
  }
  let length = dot(metric, metric, a.headWidth).squareRoot()
  let factor = length > 0 ? 1 / length : 0
  for c in 0..<a.headWidth { metric[c] *= factor }
}
