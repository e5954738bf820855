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

// One function for each height: `height` rows times one panel of 16 columns. Every sum starts at zero,
// or at what `tile` holds, and runs over k in ascending order, so that its bits do not depend on the
// height. The accumulators fill the register file; the sums are left in `tile`, `[height][16]`.
// Four steps are written out, so that few instructions are spent on addresses; not for halves, where
// the compiler would widen all of them first and run out of registers.

/// 1 row and their sums.
private struct Rows1 {
  var x0: UnsafePointer<Float>
  var a0, b0: Vector

  @inline(__always)
  mutating func add(_ weights: UnsafeRawPointer, _ k: Int, _ offset: Int, half: Bool) {
    let low = loadWeights(weights, offset &* 16, half: half)
    let high = loadWeights(weights, offset &* 16 &+ 8, half: half)
    let y0 = splat(x0[k &+ offset])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
  }
}

/// Rows 0..<1.
@inline(__always)
func tile1(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  resumes: Bool, _ tile: UnsafeMutablePointer<Float>
) {
  var rows = Rows1(
    x0: row, a0: Vector(), b0: Vector())
  if resumes {
    (rows.a0, rows.b0) = (load(tile, 0), load(tile, 8))
  }
  let stepBytes = panelWidth &* (half ? 2 : 4)
  var w = weights
  for _ in 0..<left.segments {
    var k = 0
    while !half && k &+ 4 <= left.length {
      rows.add(w, k, 0, half: half)
      rows.add(w, k, 1, half: half)
      rows.add(w, k, 2, half: half)
      rows.add(w, k, 3, half: half)
      w += 4 &* stepBytes
      k &+= 4
    }
    while k < left.length {
      rows.add(w, k, 0, half: half)
      w += stepBytes
      k &+= 1
    }
    rows.x0 += left.segmentStep
  }
  store(rows.a0, tile, 0)
  store(rows.b0, tile, 8)
}

/// 2 rows and their sums.
private struct Rows2 {
  var x0: UnsafePointer<Float>
  var a0, b0: Vector
  var x1: UnsafePointer<Float>
  var a1, b1: Vector

  @inline(__always)
  mutating func add(_ weights: UnsafeRawPointer, _ k: Int, _ offset: Int, half: Bool) {
    let low = loadWeights(weights, offset &* 16, half: half)
    let high = loadWeights(weights, offset &* 16 &+ 8, half: half)
    let y0 = splat(x0[k &+ offset])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(x1[k &+ offset])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
  }
}

/// Rows 0..<2.
@inline(__always)
func tile2(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  resumes: Bool, _ tile: UnsafeMutablePointer<Float>
) {
  var rows = Rows2(
    x0: row, a0: Vector(), b0: Vector(),
    x1: row + left.step, a1: Vector(), b1: Vector())
  if resumes {
    (rows.a0, rows.b0) = (load(tile, 0), load(tile, 8))
    (rows.a1, rows.b1) = (load(tile, 16), load(tile, 24))
  }
  let stepBytes = panelWidth &* (half ? 2 : 4)
  var w = weights
  for _ in 0..<left.segments {
    var k = 0
    while !half && k &+ 4 <= left.length {
      rows.add(w, k, 0, half: half)
      rows.add(w, k, 1, half: half)
      rows.add(w, k, 2, half: half)
      rows.add(w, k, 3, half: half)
      w += 4 &* stepBytes
      k &+= 4
    }
    while k < left.length {
      rows.add(w, k, 0, half: half)
      w += stepBytes
      k &+= 1
    }
    rows.x0 += left.segmentStep
    rows.x1 += left.segmentStep
  }
  store(rows.a0, tile, 0)
  store(rows.b0, tile, 8)
  store(rows.a1, tile, 16)
  store(rows.b1, tile, 24)
}

/// 3 rows and their sums.
private struct Rows3 {
  var x0: UnsafePointer<Float>
  var a0, b0: Vector
  var x1: UnsafePointer<Float>
  var a1, b1: Vector
  var x2: UnsafePointer<Float>
  var a2, b2: Vector

  @inline(__always)
  mutating func add(_ weights: UnsafeRawPointer, _ k: Int, _ offset: Int, half: Bool) {
    let low = loadWeights(weights, offset &* 16, half: half)
    let high = loadWeights(weights, offset &* 16 &+ 8, half: half)
    let y0 = splat(x0[k &+ offset])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(x1[k &+ offset])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    let y2 = splat(x2[k &+ offset])
    a2.addProduct(low, y2)
    b2.addProduct(high, y2)
  }
}

/// Rows 0..<3.
@inline(__always)
func tile3(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  resumes: Bool, _ tile: UnsafeMutablePointer<Float>
) {
  var rows = Rows3(
    x0: row, a0: Vector(), b0: Vector(),
    x1: row + left.step, a1: Vector(), b1: Vector(),
    x2: row + 2 &* left.step, a2: Vector(), b2: Vector())
  if resumes {
    (rows.a0, rows.b0) = (load(tile, 0), load(tile, 8))
    (rows.a1, rows.b1) = (load(tile, 16), load(tile, 24))
    (rows.a2, rows.b2) = (load(tile, 32), load(tile, 40))
  }
  let stepBytes = panelWidth &* (half ? 2 : 4)
  var w = weights
  for _ in 0..<left.segments {
    var k = 0
    while !half && k &+ 4 <= left.length {
      rows.add(w, k, 0, half: half)
      rows.add(w, k, 1, half: half)
      rows.add(w, k, 2, half: half)
      rows.add(w, k, 3, half: half)
      w += 4 &* stepBytes
      k &+= 4
    }
    while k < left.length {
      rows.add(w, k, 0, half: half)
      w += stepBytes
      k &+= 1
    }
    rows.x0 += left.segmentStep
    rows.x1 += left.segmentStep
    rows.x2 += left.segmentStep
  }
  store(rows.a0, tile, 0)
  store(rows.b0, tile, 8)
  store(rows.a1, tile, 16)
  store(rows.b1, tile, 24)
  store(rows.a2, tile, 32)
  store(rows.b2, tile, 40)
}

/// 4 rows and their sums.
private struct Rows4 {
  var x0: UnsafePointer<Float>
  var a0, b0: Vector
  var x1: UnsafePointer<Float>
  var a1, b1: Vector
  var x2: UnsafePointer<Float>
  var a2, b2: Vector
  var x3: UnsafePointer<Float>
  var a3, b3: Vector

  @inline(__always)
  mutating func add(_ weights: UnsafeRawPointer, _ k: Int, _ offset: Int, half: Bool) {
    let low = loadWeights(weights, offset &* 16, half: half)
    let high = loadWeights(weights, offset &* 16 &+ 8, half: half)
    let y0 = splat(x0[k &+ offset])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(x1[k &+ offset])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    let y2 = splat(x2[k &+ offset])
    a2.addProduct(low, y2)
    b2.addProduct(high, y2)
    let y3 = splat(x3[k &+ offset])
    a3.addProduct(low, y3)
    b3.addProduct(high, y3)
  }
}

/// Rows 0..<4.
@inline(__always)
func tile4(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  resumes: Bool, _ tile: UnsafeMutablePointer<Float>
) {
  var rows = Rows4(
    x0: row, a0: Vector(), b0: Vector(),
    x1: row + left.step, a1: Vector(), b1: Vector(),
    x2: row + 2 &* left.step, a2: Vector(), b2: Vector(),
    x3: row + 3 &* left.step, a3: Vector(), b3: Vector())
  if resumes {
    (rows.a0, rows.b0) = (load(tile, 0), load(tile, 8))
    (rows.a1, rows.b1) = (load(tile, 16), load(tile, 24))
    (rows.a2, rows.b2) = (load(tile, 32), load(tile, 40))
    (rows.a3, rows.b3) = (load(tile, 48), load(tile, 56))
  }
  let stepBytes = panelWidth &* (half ? 2 : 4)
  var w = weights
  for _ in 0..<left.segments {
    var k = 0
    while !half && k &+ 4 <= left.length {
      rows.add(w, k, 0, half: half)
      rows.add(w, k, 1, half: half)
      rows.add(w, k, 2, half: half)
      rows.add(w, k, 3, half: half)
      w += 4 &* stepBytes
      k &+= 4
    }
    while k < left.length {
      rows.add(w, k, 0, half: half)
      w += stepBytes
      k &+= 1
    }
    rows.x0 += left.segmentStep
    rows.x1 += left.segmentStep
    rows.x2 += left.segmentStep
    rows.x3 += left.segmentStep
  }
  store(rows.a0, tile, 0)
  store(rows.b0, tile, 8)
  store(rows.a1, tile, 16)
  store(rows.b1, tile, 24)
  store(rows.a2, tile, 32)
  store(rows.b2, tile, 40)
  store(rows.a3, tile, 48)
  store(rows.b3, tile, 56)
}

/// 5 rows and their sums.
private struct Rows5 {
  var x0: UnsafePointer<Float>
  var a0, b0: Vector
  var x1: UnsafePointer<Float>
  var a1, b1: Vector
  var x2: UnsafePointer<Float>
  var a2, b2: Vector
  var x3: UnsafePointer<Float>
  var a3, b3: Vector
  var x4: UnsafePointer<Float>
  var a4, b4: Vector

  @inline(__always)
  mutating func add(_ weights: UnsafeRawPointer, _ k: Int, _ offset: Int, half: Bool) {
    let low = loadWeights(weights, offset &* 16, half: half)
    let high = loadWeights(weights, offset &* 16 &+ 8, half: half)
    let y0 = splat(x0[k &+ offset])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(x1[k &+ offset])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    let y2 = splat(x2[k &+ offset])
    a2.addProduct(low, y2)
    b2.addProduct(high, y2)
    let y3 = splat(x3[k &+ offset])
    a3.addProduct(low, y3)
    b3.addProduct(high, y3)
    let y4 = splat(x4[k &+ offset])
    a4.addProduct(low, y4)
    b4.addProduct(high, y4)
  }
}

/// Rows 0..<5.
@inline(__always)
func tile5(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  resumes: Bool, _ tile: UnsafeMutablePointer<Float>
) {
  var rows = Rows5(
    x0: row, a0: Vector(), b0: Vector(),
    x1: row + left.step, a1: Vector(), b1: Vector(),
    x2: row + 2 &* left.step, a2: Vector(), b2: Vector(),
    x3: row + 3 &* left.step, a3: Vector(), b3: Vector(),
    x4: row + 4 &* left.step, a4: Vector(), b4: Vector())
  if resumes {
    (rows.a0, rows.b0) = (load(tile, 0), load(tile, 8))
    (rows.a1, rows.b1) = (load(tile, 16), load(tile, 24))
    (rows.a2, rows.b2) = (load(tile, 32), load(tile, 40))
    (rows.a3, rows.b3) = (load(tile, 48), load(tile, 56))
    (rows.a4, rows.b4) = (load(tile, 64), load(tile, 72))
  }
  let stepBytes = panelWidth &* (half ? 2 : 4)
  var w = weights
  for _ in 0..<left.segments {
    var k = 0
    while !half && k &+ 4 <= left.length {
      rows.add(w, k, 0, half: half)
      rows.add(w, k, 1, half: half)
      rows.add(w, k, 2, half: half)
      rows.add(w, k, 3, half: half)
      w += 4 &* stepBytes
      k &+= 4
    }
    while k < left.length {
      rows.add(w, k, 0, half: half)
      w += stepBytes
      k &+= 1
    }
    rows.x0 += left.segmentStep
    rows.x1 += left.segmentStep
    rows.x2 += left.segmentStep
    rows.x3 += left.segmentStep
    rows.x4 += left.segmentStep
  }
  store(rows.a0, tile, 0)
  store(rows.b0, tile, 8)
  store(rows.a1, tile, 16)
  store(rows.b1, tile, 24)
  store(rows.a2, tile, 32)
  store(rows.b2, tile, 40)
  store(rows.a3, tile, 48)
  store(rows.b3, tile, 56)
  store(rows.a4, tile, 64)
  store(rows.b4, tile, 72)
}

/// 6 rows and their sums.
private struct Rows6 {
  var x0: UnsafePointer<Float>
  var a0, b0: Vector
  var x1: UnsafePointer<Float>
  var a1, b1: Vector
  var x2: UnsafePointer<Float>
  var a2, b2: Vector
  var x3: UnsafePointer<Float>
  var a3, b3: Vector
  var x4: UnsafePointer<Float>
  var a4, b4: Vector
  var x5: UnsafePointer<Float>
  var a5, b5: Vector

  @inline(__always)
  mutating func add(_ weights: UnsafeRawPointer, _ k: Int, _ offset: Int, half: Bool) {
    let low = loadWeights(weights, offset &* 16, half: half)
    let high = loadWeights(weights, offset &* 16 &+ 8, half: half)
    let y0 = splat(x0[k &+ offset])
    a0.addProduct(low, y0)
    b0.addProduct(high, y0)
    let y1 = splat(x1[k &+ offset])
    a1.addProduct(low, y1)
    b1.addProduct(high, y1)
    let y2 = splat(x2[k &+ offset])
    a2.addProduct(low, y2)
    b2.addProduct(high, y2)
    let y3 = splat(x3[k &+ offset])
    a3.addProduct(low, y3)
    b3.addProduct(high, y3)
    let y4 = splat(x4[k &+ offset])
    a4.addProduct(low, y4)
    b4.addProduct(high, y4)
    let y5 = splat(x5[k &+ offset])
    a5.addProduct(low, y5)
    b5.addProduct(high, y5)
  }
}

/// Rows 0..<6.
@inline(__always)
func tile6(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, half: Bool,
  resumes: Bool, _ tile: UnsafeMutablePointer<Float>
) {
  var rows = Rows6(
    x0: row, a0: Vector(), b0: Vector(),
    x1: row + left.step, a1: Vector(), b1: Vector(),
    x2: row + 2 &* left.step, a2: Vector(), b2: Vector(),
    x3: row + 3 &* left.step, a3: Vector(), b3: Vector(),
    x4: row + 4 &* left.step, a4: Vector(), b4: Vector(),
    x5: row + 5 &* left.step, a5: Vector(), b5: Vector())
  if resumes {
    (rows.a0, rows.b0) = (load(tile, 0), load(tile, 8))
    (rows.a1, rows.b1) = (load(tile, 16), load(tile, 24))
    (rows.a2, rows.b2) = (load(tile, 32), load(tile, 40))
    (rows.a3, rows.b3) = (load(tile, 48), load(tile, 56))
    (rows.a4, rows.b4) = (load(tile, 64), load(tile, 72))
    (rows.a5, rows.b5) = (load(tile, 80), load(tile, 88))
  }
  let stepBytes = panelWidth &* (half ? 2 : 4)
  var w = weights
  for _ in 0..<left.segments {
    var k = 0
    while !half && k &+ 4 <= left.length {
      rows.add(w, k, 0, half: half)
      rows.add(w, k, 1, half: half)
      rows.add(w, k, 2, half: half)
      rows.add(w, k, 3, half: half)
      w += 4 &* stepBytes
      k &+= 4
    }
    while k < left.length {
      rows.add(w, k, 0, half: half)
      w += stepBytes
      k &+= 1
    }
    rows.x0 += left.segmentStep
    rows.x1 += left.segmentStep
    rows.x2 += left.segmentStep
    rows.x3 += left.segmentStep
    rows.x4 += left.segmentStep
    rows.x5 += left.segmentStep
  }
  store(rows.a0, tile, 0)
  store(rows.b0, tile, 8)
  store(rows.a1, tile, 16)
  store(rows.b1, tile, 24)
  store(rows.a2, tile, 32)
  store(rows.b2, tile, 40)
  store(rows.a3, tile, 48)
  store(rows.b3, tile, 56)
  store(rows.a4, tile, 64)
  store(rows.b4, tile, 72)
  store(rows.a5, tile, 80)
  store(rows.b5, tile, 88)
}

/// One row times four panels, `panelBytes` apart: a single one has too few sums to keep the processor
/// busy. The sums are left in `tile`, `[4][16]`.
@inline(__always)
func tile1x4(
  _ left: LeftHand, _ row: UnsafePointer<Float>, _ weights: UnsafeRawPointer, panelBytes: Int,
  half: Bool, resumes: Bool, _ tile: UnsafeMutablePointer<Float>
) {
  var (a0, b0, a1, b1) = (Vector(), Vector(), Vector(), Vector())
  var (a2, b2, a3, b3) = (Vector(), Vector(), Vector(), Vector())
  if resumes {
    (a0, b0, a1, b1) = (load(tile, 0), load(tile, 8), load(tile, 16), load(tile, 24))
    (a2, b2, a3, b3) = (load(tile, 32), load(tile, 40), load(tile, 48), load(tile, 56))
  }
  let stepBytes = panelWidth &* (half ? 2 : 4)
  var x = row
  var w = weights
  for _ in 0..<left.segments {
    for k in 0..<left.length {
      let y = splat(x[k])
      a0.addProduct(loadWeights(w, 0, half: half), y)
      b0.addProduct(loadWeights(w, 8, half: half), y)
      let w1 = w + panelBytes
      a1.addProduct(loadWeights(w1, 0, half: half), y)
      b1.addProduct(loadWeights(w1, 8, half: half), y)
      let w2 = w1 + panelBytes
      a2.addProduct(loadWeights(w2, 0, half: half), y)
      b2.addProduct(loadWeights(w2, 8, half: half), y)
      let w3 = w2 + panelBytes
      a3.addProduct(loadWeights(w3, 0, half: half), y)
      b3.addProduct(loadWeights(w3, 8, half: half), y)
      w += stepBytes
    }
    x += left.segmentStep
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
