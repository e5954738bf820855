package import KernelInterface
internal import KernelsPortable

extension WideKernels {
  package static func match(
    _ arguments: MatchArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    guard case .cosine = a.similarity else {
      PortableKernels.match(arguments, item: item, scratch: scratch)
      return
    }
    let split = a.split
    let picture = item / split.parts
    let part = item &- picture &* split.parts
    let kept = a.kept + picture &* a.keep
    let dropped = a.dropped + picture &* (a.patches &- a.keep)
    let into = a.into + picture &* (a.patches &- a.keep)
    let destination = a.destination + picture &* a.patches
    let rows = a.input.pointer(picture: picture, row: a.prefix)
    // One over each kept row's length; the length of the others does not change their order.
    let factors = scratch.assumingMemoryBound(to: Float.self)
    for j in 0..<a.keep {
      let row = rows + Int(kept[j]) &* a.input.stride
      let length = dot(row, row, a.width).squareRoot()
      factors[j] = length > 0 ? 1 / length : 0
    }
    let end = split.start(part &+ 1)
    var first = split.start(part)
    while first < end {
      let count = min(4, end &- first)
      var best = Best4()
      let far = Rows4(rows, dropped, first, before: end, stride: a.input.stride)
      var j = 0
      while j &+ 2 <= a.keep {
        let products = dots(
          far, rows + Int(kept[j]) &* a.input.stride,
          rows + Int(kept[j &+ 1]) &* a.input.stride, a.width)
        best.offer(products.0 * factors[j], j)
        best.offer(products.1 * factors[j &+ 1], j &+ 1)
        j &+= 2
      }
      if j < a.keep {
        let row = rows + Int(kept[j]) &* a.input.stride
        best.offer(dots(far, row, row, a.width).0 * factors[j], j)
      }
      for k in 0..<count {
        into[first &+ k] = best.index[k]
        destination[Int(dropped[first &+ k])] = best.index[k]
      }
      first &+= count
    }
  }

  package static func bipartiteMatch(
    _ arguments: BipartiteMatchArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let split = a.split
    let picture = item / split.parts
    let part = item &- picture &* split.parts
    let half = a.patches / 2
    let evens = a.patches &- half
    let step = paddedStride(a.headWidth)
    let metrics = scratch.assumingMemoryBound(to: Float.self)
    for b in 0..<evens {
      writeMetric(a, picture: picture, patch: 2 &* b, into: metrics + b &* step)
    }
    let own = metrics + evens &* step
    for edge in split.start(part)..<split.start(part &+ 1) {
      writeMetric(a, picture: picture, patch: 2 &* edge &+ 1, into: own)
      var best: Int32 = 0
      var highest = -Float.infinity
      for b in 0..<evens {
        let value = dot(own, metrics + b &* step, a.headWidth)
        if value > highest {
          highest = value
          best = Int32(truncatingIfNeeded: b)
        }
      }
      a.best[picture &* half &+ edge] = best
      a.score[picture &* half &+ edge] = highest
    }
  }
}

/// The key of a patch averaged over heads, with length 1.
private func writeMetric(
  _ a: BipartiteMatchArguments, picture: Int, patch: Int, into metric: UnsafeMutablePointer<Float>
) {
  let keys = a.qkv.pointer(picture: picture, row: a.prefix &+ patch) + a.heads &* a.headWidth
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

/// The best of a growing list for four rows at once, ties to the first offered.
private struct Best4 {
  var highest = SIMD4<Float>(repeating: -.infinity)
  var index = SIMD4<Int32>()

  @inline(__always)
  mutating func offer(_ values: SIMD4<Float>, _ j: Int) {
    let mask = values .> highest
    highest.replace(with: values, where: mask)
    index.replace(with: SIMD4(repeating: Int32(truncatingIfNeeded: j)), where: mask)
  }
}

/// Scalar product of two rows.
@inline(__always)
private func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ width: Int) -> Float {
  var a = Vector()
  var i = 0
  while i &+ lanes <= width {
    a.addProduct(load(x, i), load(y, i))
    i &+= lanes
  }
  var sum = total(a)
  while i < width {
    sum.addProduct(x[i], y[i])
    i &+= 1
  }
  return sum
}

/// Four rows at once, so that their sums need not wait for each other.
private struct Rows4 {
  var (x0, x1, x2, x3):
    (
      UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>
    )

  /// The rows that `indices` names from `first` on; those from `end` on repeat the last before it.
  @inline(__always)
  init(
    _ rows: UnsafePointer<Float>, _ indices: UnsafePointer<Int32>, _ first: Int, before end: Int,
    stride: Int
  ) {
    func row(_ i: Int) -> UnsafePointer<Float> {
      rows + Int(indices[min(first &+ i, end &- 1)]) &* stride
    }
    (x0, x1, x2, x3) = (row(0), row(1), row(2), row(3))
  }
}

/// Scalar products of four rows with two, each as ``dot``.
@inline(__always)
private func dots(
  _ x: Rows4, _ y0: UnsafePointer<Float>, _ y1: UnsafePointer<Float>, _ width: Int
) -> (SIMD4<Float>, SIMD4<Float>) {
  var (a0, a1, a2, a3) = (Vector(), Vector(), Vector(), Vector())
  var (b0, b1, b2, b3) = (Vector(), Vector(), Vector(), Vector())
  var i = 0
  while i &+ lanes <= width {
    let (e0, e1) = (load(y0, i), load(y1, i))
    let (v0, v1, v2, v3) = (load(x.x0, i), load(x.x1, i), load(x.x2, i), load(x.x3, i))
    a0.addProduct(v0, e0)
    a1.addProduct(v1, e0)
    a2.addProduct(v2, e0)
    a3.addProduct(v3, e0)
    b0.addProduct(v0, e1)
    b1.addProduct(v1, e1)
    b2.addProduct(v2, e1)
    b3.addProduct(v3, e1)
    i &+= lanes
  }
  var sums = SIMD4<Float>(total(a0), total(a1), total(a2), total(a3))
  var others = SIMD4<Float>(total(b0), total(b1), total(b2), total(b3))
  while i < width {
    let elements = SIMD4(x.x0[i], x.x1[i], x.x2[i], x.x3[i])
    sums.addProduct(elements, SIMD4(repeating: y0[i]))
    others.addProduct(elements, SIMD4(repeating: y1[i]))
    i &+= 1
  }
  return (sums, others)
}
