internal import KernelInterface

/// Rows of a left-hand side. A row is `segments` runs of `length` elements, `segmentStep` apart.
struct LeftHand {
  /// The first row.
  var start: UnsafePointer<Float>
  /// Elements from one row to the next.
  var step: Int
  /// Runs of a row.
  var segments: Int
  /// Elements of a run.
  var length: Int
  /// Elements from one run to the next.
  var segmentStep: Int
}

// One function for each height: `height` rows times one panel of 16 columns. Every sum starts at zero
// and runs over k in ascending order, so that its bits do not depend on the height. The accumulators
// fill the register file; the sums are left in `tile`, `[height][16]`.

/// Rows 0..<1.
@inline(__always)
func tile1(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  _ tile: UnsafeMutablePointer<Float>
) {
  var x0 = row
  var w = 0
  var (a0, b0) = (Vector(), Vector())
  for _ in 0..<left.segments {
    for k in 0..<left.length {
      let low = loadWeights(weights, w, half: half)
      let high = loadWeights(weights, w &+ 8, half: half)
      w &+= 16
      let y0 = splat(x0[k])
      a0.addProduct(low, y0)
      b0.addProduct(high, y0)
    }
    x0 += left.segmentStep
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
}

/// Rows 0..<2.
@inline(__always)
func tile2(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  _ tile: UnsafeMutablePointer<Float>
) {
  var x0 = row
  var x1 = row + left.step
  var w = 0
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  for _ in 0..<left.segments {
    for k in 0..<left.length {
      let low = loadWeights(weights, w, half: half)
      let high = loadWeights(weights, w &+ 8, half: half)
      w &+= 16
      let y0 = splat(x0[k])
      a0.addProduct(low, y0)
      b0.addProduct(high, y0)
      let y1 = splat(x1[k])
      a1.addProduct(low, y1)
      b1.addProduct(high, y1)
    }
    x0 += left.segmentStep
    x1 += left.segmentStep
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
  store(a1, tile, 16)
  store(b1, tile, 24)
}

/// Rows 0..<3.
@inline(__always)
func tile3(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  _ tile: UnsafeMutablePointer<Float>
) {
  var x0 = row
  var x1 = row + left.step
  var x2 = row + 2 &* left.step
  var w = 0
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  var (a2, b2) = (Vector(), Vector())
  for _ in 0..<left.segments {
    for k in 0..<left.length {
      let low = loadWeights(weights, w, half: half)
      let high = loadWeights(weights, w &+ 8, half: half)
      w &+= 16
      let y0 = splat(x0[k])
      a0.addProduct(low, y0)
      b0.addProduct(high, y0)
      let y1 = splat(x1[k])
      a1.addProduct(low, y1)
      b1.addProduct(high, y1)
      let y2 = splat(x2[k])
      a2.addProduct(low, y2)
      b2.addProduct(high, y2)
    }
    x0 += left.segmentStep
    x1 += left.segmentStep
    x2 += left.segmentStep
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
  store(a1, tile, 16)
  store(b1, tile, 24)
  store(a2, tile, 32)
  store(b2, tile, 40)
}

/// Rows 0..<4.
@inline(__always)
func tile4(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  _ tile: UnsafeMutablePointer<Float>
) {
  var x0 = row
  var x1 = row + left.step
  var x2 = row + 2 &* left.step
  var x3 = row + 3 &* left.step
  var w = 0
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  var (a2, b2) = (Vector(), Vector())
  var (a3, b3) = (Vector(), Vector())
  for _ in 0..<left.segments {
    for k in 0..<left.length {
      let low = loadWeights(weights, w, half: half)
      let high = loadWeights(weights, w &+ 8, half: half)
      w &+= 16
      let y0 = splat(x0[k])
      a0.addProduct(low, y0)
      b0.addProduct(high, y0)
      let y1 = splat(x1[k])
      a1.addProduct(low, y1)
      b1.addProduct(high, y1)
      let y2 = splat(x2[k])
      a2.addProduct(low, y2)
      b2.addProduct(high, y2)
      let y3 = splat(x3[k])
      a3.addProduct(low, y3)
      b3.addProduct(high, y3)
    }
    x0 += left.segmentStep
    x1 += left.segmentStep
    x2 += left.segmentStep
    x3 += left.segmentStep
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
  store(a1, tile, 16)
  store(b1, tile, 24)
  store(a2, tile, 32)
  store(b2, tile, 40)
  store(a3, tile, 48)
  store(b3, tile, 56)
}

/// Rows 0..<5.
@inline(__always)
func tile5(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  _ tile: UnsafeMutablePointer<Float>
) {
  var x0 = row
  var x1 = row + left.step
  var x2 = row + 2 &* left.step
  var x3 = row + 3 &* left.step
  var x4 = row + 4 &* left.step
  var w = 0
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  var (a2, b2) = (Vector(), Vector())
  var (a3, b3) = (Vector(), Vector())
  var (a4, b4) = (Vector(), Vector())
  for _ in 0..<left.segments {
    for k in 0..<left.length {
      let low = loadWeights(weights, w, half: half)
      let high = loadWeights(weights, w &+ 8, half: half)
      w &+= 16
      let y0 = splat(x0[k])
      a0.addProduct(low, y0)
      b0.addProduct(high, y0)
      let y1 = splat(x1[k])
      a1.addProduct(low, y1)
      b1.addProduct(high, y1)
      let y2 = splat(x2[k])
      a2.addProduct(low, y2)
      b2.addProduct(high, y2)
      let y3 = splat(x3[k])
      a3.addProduct(low, y3)
      b3.addProduct(high, y3)
      let y4 = splat(x4[k])
      a4.addProduct(low, y4)
      b4.addProduct(high, y4)
    }
    x0 += left.segmentStep
    x1 += left.segmentStep
    x2 += left.segmentStep
    x3 += left.segmentStep
    x4 += left.segmentStep
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
  store(a1, tile, 16)
  store(b1, tile, 24)
  store(a2, tile, 32)
  store(b2, tile, 40)
  store(a3, tile, 48)
  store(b3, tile, 56)
  store(a4, tile, 64)
  store(b4, tile, 72)
}

/// Rows 0..<6.
@inline(__always)
func tile6(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  _ tile: UnsafeMutablePointer<Float>
) {
  var x0 = row
  var x1 = row + left.step
  var x2 = row + 2 &* left.step
  var x3 = row + 3 &* left.step
  var x4 = row + 4 &* left.step
  var x5 = row + 5 &* left.step
  var w = 0
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  var (a2, b2) = (Vector(), Vector())
  var (a3, b3) = (Vector(), Vector())
  var (a4, b4) = (Vector(), Vector())
  var (a5, b5) = (Vector(), Vector())
  for _ in 0..<left.segments {
    for k in 0..<left.length {
      let low = loadWeights(weights, w, half: half)
      let high = loadWeights(weights, w &+ 8, half: half)
      w &+= 16
      let y0 = splat(x0[k])
      a0.addProduct(low, y0)
      b0.addProduct(high, y0)
      let y1 = splat(x1[k])
      a1.addProduct(low, y1)
      b1.addProduct(high, y1)
      let y2 = splat(x2[k])
      a2.addProduct(low, y2)
      b2.addProduct(high, y2)
      let y3 = splat(x3[k])
      a3.addProduct(low, y3)
      b3.addProduct(high, y3)
      let y4 = splat(x4[k])
      a4.addProduct(low, y4)
      b4.addProduct(high, y4)
      let y5 = splat(x5[k])
      a5.addProduct(low, y5)
      b5.addProduct(high, y5)
    }
    x0 += left.segmentStep
    x1 += left.segmentStep
    x2 += left.segmentStep
    x3 += left.segmentStep
    x4 += left.segmentStep
    x5 += left.segmentStep
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
  store(a1, tile, 16)
  store(b1, tile, 24)
  store(a2, tile, 32)
  store(b2, tile, 40)
  store(a3, tile, 48)
  store(b3, tile, 56)
  store(a4, tile, 64)
  store(b4, tile, 72)
  store(a5, tile, 80)
  store(b5, tile, 88)
}
