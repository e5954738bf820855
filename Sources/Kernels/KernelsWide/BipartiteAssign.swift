package import KernelInterface

extension WideKernels {
  package static func bipartiteAssign(
    _ arguments: BipartiteAssignArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let split = a.split
    let image = item / split.parts
    let part = item &- image &* split.parts
    let sources = a.sources
    let others = a.patches &- sources
    let step = paddedStride(a.headWidth)
    let metrics = scratch.assumingMemoryBound(to: Float.self)
    for b in 0..<others {
      writeMetric(a, image: image, patch: 1 &- a.first &+ 2 &* b, into: metrics + b &* step)
    }
    let own = metrics + others &* step
    for edge in split.start(part)..<split.start(part &+ 1) {
      writeMetric(a, image: image, patch: a.first &+ 2 &* edge, into: own)
      var best: Int32 = 0
      var highest = -Float.infinity
      for b in 0..<others {
        let value = dot(own, metrics + b &* step, a.headWidth)
        if value > highest {
          highest = value
          best = Int32(truncatingIfNeeded: b)
        }
      }
      a.best[image &* sources &+ edge] = best
      a.score[image &* sources &+ edge] = highest
    }
  }
}

/// The key of a patch averaged over heads, with length 1.
private func writeMetric(
  _ a: BipartiteAssignArguments, image: Int, patch: Int, into metric: UnsafeMutablePointer<Float>
) {
  let keys = a.qkv.pointer(image: image, row: a.prefix &+ patch) + a.heads &* a.headWidth
  copy(keys, metric, a.headWidth)
  for h in 1..<max(a.heads, 1) {
    let key = keys + h &* a.headWidth
    var c = 0
    while c &+ lanes <= a.headWidth {
      store(load(metric, c) + load(key, c), metric, c)
      c &+= lanes
    }
    while c < a.headWidth {
      metric[c] += key[c]
      c &+= 1
    }
  }
  let length = dot(metric, metric, a.headWidth).squareRoot()
  let factor = length > 0 ? 1 / length : 0
  for c in 0..<a.headWidth { metric[c] *= factor }
}
