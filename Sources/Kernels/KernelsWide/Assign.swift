package import KernelInterface
internal import KernelsPortable

extension WideKernels {
  package static func assign(
    _ arguments: AssignArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    guard case .cosine = a.similarity else {
      PortableKernels.assign(arguments, item: item, scratch: scratch)
      return
    }
    let split = a.split
    let image = item / split.parts
    let part = item &- image &* split.parts
    let kept = a.kept + image &* a.keep
    let used = a.used(image: image)
    let keep = used.kept
    let dropped = a.dropped + image &* a.droppedPlaces
    let destination = a.destination + image &* a.patches
    let rows = a.input.pointer(image: image, row: a.prefix)
    // One over each kept row's length; the length of the others does not change their order.
    let factors = scratch.assumingMemoryBound(to: Float.self)
    let end = min(split.start(part &+ 1), used.dropped)
    var first = split.start(part)
    guard first < end else { return }
    for j in 0..<keep {
      let row = rows + Int(kept[j]) &* a.input.stride
      let length = dot(row, row, a.width).squareRoot()
      factors[j] = length > 0 ? 1 / length : 0
    }
    while first < end {
      let count = min(4, end &- first)
      var best = Best4()
      let far = Rows4(rows, dropped, first, before: end, stride: a.input.stride)
      var j = 0
      while j &+ 2 <= keep {
        let products = dots(
          far, rows + Int(kept[j]) &* a.input.stride,
          rows + Int(kept[j &+ 1]) &* a.input.stride, a.width)
        best.offer(products.0 * factors[j], j)
        best.offer(products.1 * factors[j &+ 1], j &+ 1)
        j &+= 2
      }
      if j < keep {
        let row = rows + Int(kept[j]) &* a.input.stride
        best.offer(dots(far, row, row, a.width).0 * factors[j], j)
      }
      for k in 0..<count {
        destination[Int(dropped[first &+ k])] = best.index[k]
      }
      first &+= count
    }
  }
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
