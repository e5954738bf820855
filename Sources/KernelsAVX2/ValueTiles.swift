// One function for each height: `height` queries times 16 columns of the values, summed over the keys
// in ascending order. `weights` is `[keys][16]`, queries along the columns; the sums are left in
// `tile`, `[height][16]`.

/// Queries 0..<1.
@inline(__always)
func valueTile1(
  _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
  _ tile: UnsafeMutablePointer<Float>
) {
  var (p, v) = (weights, values)
  var (a0, b0) = (Vector(), Vector())
  for _ in 0..<keys {
    let (low, high) = (load(v, 0), load(v, 8))
    let y0 = splat(p[0])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    p += 16
    v += step
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
}

/// Queries 0..<2.
@inline(__always)
func valueTile2(
  _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
  _ tile: UnsafeMutablePointer<Float>
) {
  var (p, v) = (weights, values)
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  for _ in 0..<keys {
    let (low, high) = (load(v, 0), load(v, 8))
    let y0 = splat(p[0])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(p[1])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    p += 16
    v += step
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
  store(a1, tile, 16)
  store(b1, tile, 24)
}

/// Queries 0..<3.
@inline(__always)
func valueTile3(
  _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
  _ tile: UnsafeMutablePointer<Float>
) {
  var (p, v) = (weights, values)
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  var (a2, b2) = (Vector(), Vector())
  for _ in 0..<keys {
    let (low, high) = (load(v, 0), load(v, 8))
    let y0 = splat(p[0])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(p[1])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    let y2 = splat(p[2])
    a2.addProduct(low, y2)
    b2.addProduct(high, y2)
    p += 16
    v += step
  }
  store(a0, tile, 0)
  store(b0, tile, 8)
  store(a1, tile, 16)
  store(b1, tile, 24)
  store(a2, tile, 32)
  store(b2, tile, 40)
}

/// Queries 0..<4.
@inline(__always)
func valueTile4(
  _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
  _ tile: UnsafeMutablePointer<Float>
) {
  var (p, v) = (weights, values)
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  var (a2, b2) = (Vector(), Vector())
  var (a3, b3) = (Vector(), Vector())
  for _ in 0..<keys {
    let (low, high) = (load(v, 0), load(v, 8))
    let y0 = splat(p[0])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(p[1])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    let y2 = splat(p[2])
    a2.addProduct(low, y2)
    b2.addProduct(high, y2)
    let y3 = splat(p[3])
    a3.addProduct(low, y3)
    b3.addProduct(high, y3)
    p += 16
    v += step
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

/// Queries 0..<5.
@inline(__always)
func valueTile5(
  _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
  _ tile: UnsafeMutablePointer<Float>
) {
  var (p, v) = (weights, values)
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  var (a2, b2) = (Vector(), Vector())
  var (a3, b3) = (Vector(), Vector())
  var (a4, b4) = (Vector(), Vector())
  for _ in 0..<keys {
    let (low, high) = (load(v, 0), load(v, 8))
    let y0 = splat(p[0])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(p[1])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    let y2 = splat(p[2])
    a2.addProduct(low, y2)
    b2.addProduct(high, y2)
    let y3 = splat(p[3])
    a3.addProduct(low, y3)
    b3.addProduct(high, y3)
    let y4 = splat(p[4])
    a4.addProduct(low, y4)
    b4.addProduct(high, y4)
    p += 16
    v += step
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

/// Queries 0..<6.
@inline(__always)
func valueTile6(
  _ weights: UnsafePointer<Float>, _ values: UnsafePointer<Float>, step: Int, keys: Int,
  _ tile: UnsafeMutablePointer<Float>
) {
  var (p, v) = (weights, values)
  var (a0, b0) = (Vector(), Vector())
  var (a1, b1) = (Vector(), Vector())
  var (a2, b2) = (Vector(), Vector())
  var (a3, b3) = (Vector(), Vector())
  var (a4, b4) = (Vector(), Vector())
  var (a5, b5) = (Vector(), Vector())
  for _ in 0..<keys {
    let (low, high) = (load(v, 0), load(v, 8))
    let y0 = splat(p[0])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(p[1])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    let y2 = splat(p[2])
    a2.addProduct(low, y2)
    b2.addProduct(high, y2)
    let y3 = splat(p[3])
    a3.addProduct(low, y3)
    b3.addProduct(high, y3)
    let y4 = splat(p[4])
    a4.addProduct(low, y4)
    b4.addProduct(high, y4)
    let y5 = splat(p[5])
    a5.addProduct(low, y5)
    b5.addProduct(high, y5)
    p += 16
    v += step
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
