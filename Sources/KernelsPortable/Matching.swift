package import KernelInterface

extension PortableKernels {
  package static func match(
    _ arguments: MatchArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let (picture, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let kept = a.kept + picture * a.keep
    let dropped = a.dropped + picture * (a.patches - a.keep)
    let into = a.into + picture * (a.patches - a.keep)
    let destination = a.destination + picture * a.patches
    for k in a.split.start(part)..<a.split.start(part + 1) {
      let patch = dropped[k]
      var best = 0
      if case .random(let seed, let block) = a.similarity {
        let origin = a.origin?[picture * a.patches + Int(patch)] ?? patch
        let hash = MatchArguments.hash(seed: seed, block: block, patch: origin)
        best = Int(truncatingIfNeeded: hash % UInt64(truncatingIfNeeded: max(a.keep, 1)))
      } else {
        var highest = -Float.infinity
        for j in 0..<a.keep {
          let value = similarity(a, picture: picture, from: Int(patch), to: Int(kept[j]))
          if value > highest {
            highest = value
            best = j
          }
        }
      }
      into[k] = Int32(truncatingIfNeeded: best)
      destination[Int(patch)] = Int32(truncatingIfNeeded: best)
    }
  }

  package static func bipartiteMatch(
    _ arguments: BipartiteMatchArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let (picture, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let half = a.patches / 2
    let evens = a.patches - half
    let stride = paddedStride(a.headWidth)
    let metrics = scratch.assumingMemoryBound(to: Float.self)
    for b in 0..<evens { metric(a, picture: picture, patch: 2 * b, into: metrics + b * stride) }
    let own = metrics + evens * stride
    for edge in a.split.start(part)..<a.split.start(part + 1) {
      metric(a, picture: picture, patch: 2 * edge + 1, into: own)
      var best = 0
      var highest = -Float.infinity
      for b in 0..<evens {
        let value = dot(own, metrics + b * stride, a.headWidth)
        if value > highest {
          highest = value
          best = b
        }
      }
      a.best[picture * half + edge] = Int32(truncatingIfNeeded: best)
      a.score[picture * half + edge] = highest
    }
  }
}

/// The key of a patch averaged over heads, with length 1.
private func metric(
  _ a: BipartiteMatchArguments, picture: Int, patch: Int, into metric: UnsafeMutablePointer<Float>
) {
  let keys = a.qkv.pointer(picture: picture, row: a.prefix + patch) + a.heads * a.headWidth
  for c in 0..<a.headWidth {
    var sum: Float = 0
    for h in 0..<a.heads { sum += keys[h * a.headWidth + c] }
    metric[c] = sum / Float(a.heads)
  }
  let length = dot(metric, metric, a.headWidth).squareRoot()
  let factor = length > 0 ? 1 / length : 0
  for c in 0..<a.headWidth { metric[c] *= factor }
}

/// How similar two patches are; larger is more.
private func similarity(_ a: MatchArguments, picture: Int, from u: Int, to i: Int) -> Float {
  let x = a.input.pointer(picture: picture, row: a.prefix + u)
  let y = a.input.pointer(picture: picture, row: a.prefix + i)
  switch a.similarity {
  case .cosine:
    // The length of u is the same for all candidates.
    let length = dot(y, y, a.width).squareRoot()
    return length > 0 ? dot(x, y, a.width) / length : 0
  case .l1:
    var sum: Float = 0
    for c in 0..<a.width { sum += abs(x[c] - y[c]) }
    return -sum
  case .l2:
    var sum: Float = 0
    for c in 0..<a.width { sum += (x[c] - y[c]) * (x[c] - y[c]) }
    return -sum
  case .attention(let probabilities, let heads):
    let tokens = a.prefix + a.patches
    var sum: Float = 0
    for h in 0..<heads {
      let row = probabilities + ((picture * heads + h) * tokens + a.prefix + u) * tokens
      sum += row[a.prefix + i]
    }
    return sum / Float(heads)
  case .random:
    return 0
  }
}
