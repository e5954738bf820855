package import KernelInterface

extension AVX2Kernels {
  package static func linear(
    _ arguments: LinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let block = a.blocking.block(item)
    let rows = block.rowEnd &- block.rowStart
    // With one row in each picture the sequence runs over pictures, otherwise over rows.
    let picture = a.rows == 1 ? block.rowStart : block.group
    let row = a.rows == 1 ? 0 : block.rowStart
    let sums = scratch.assumingMemoryBound(to: Float.self)
    var left = LeftHand(
      start: a.input.pointer(picture: picture, row: row), step: a.input.step(rows: a.rows),
      segments: 1, length: a.inputWidth, segmentStep: 0)
    if let norm = a.norm {
      let prepared = sums + a.blocking.maximumSums
      let stride = a.scratchStride
      for r in 0..<rows {
        normalize(
          left.start + r &* left.step, into: prepared + r &* stride, width: a.inputWidth, norm)
      }
      left.start = UnsafePointer(prepared)
      left.step = stride
    }
    var epilogue = Epilogue(
      output: a.output.pointer(picture: picture, row: row),
      outputStep: a.output.step(rows: a.rows), bias: a.bias, activation: a.activation, addend: nil,
      addendStep: 0)
    if let residual = a.residual {
      epilogue.addend = residual.pointer(picture: picture, row: row)
      epilogue.addendStep = residual.step(rows: a.rows)
    }
    multiply(
      left, rows: rows, firstPanel: block.panelStart, lastPanel: block.panelEnd,
      inputs: a.inputWidth, columns: a.outputWidth, weights: a.weights, epilogue: epilogue,
      sums: sums)
  }

  package static func layerNorm(_ arguments: LayerNormArguments, item: Int) {
    let a = arguments
    for index in a.split.start(item)..<a.split.start(item &+ 1) {
      let picture = index / a.rows
      let row = index &- picture &* a.rows
      normalize(
        a.input.pointer(picture: picture, row: row),
        into: a.output.pointer(picture: picture, row: row), width: a.width, a.norm)
    }
  }
}

/// Normalises one row; `output` may be `input`.
func normalize(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, width: Int,
  _ norm: LayerNorm
) {
  let mean = sum(input, width) / Float(width)
  let scale = 1 / (squaredDistance(input, mean, width) / Float(width) + norm.epsilon).squareRoot()
  let whole = width & ~7
  var i = 0
  while i < whole {
    let centred = (load(input, i) - splat(mean)) * splat(scale)
    store(multiplyAdd(centred, load(norm.gamma, i), load(norm.beta, i)), output, i)
    i &+= 8
  }
  while i < width {
    output[i] = norm.beta[i].addingProduct((input[i] - mean) * scale, norm.gamma[i])
    i &+= 1
  }
}

/// Sum of a row in an order that depends on its width only.
@inline(__always)
private func sum(_ x: UnsafePointer<Float>, _ width: Int) -> Float {
  var (a, b, c, d) = (Vector(), Vector(), Vector(), Vector())
  var i = 0
  while i &+ 32 <= width {
    a += load(x, i)
    b += load(x, i &+ 8)
    c += load(x, i &+ 16)
    d += load(x, i &+ 24)
    i &+= 32
  }
  while i &+ 8 <= width {
    a += load(x, i)
    i &+= 8
  }
  var total = total((a + b) + (c + d))
  while i < width {
    total += x[i]
    i &+= 1
  }
  return total
}

/// Sum of `(x - mean)^2` over a row.
@inline(__always)
private func squaredDistance(_ x: UnsafePointer<Float>, _ mean: Float, _ width: Int) -> Float {
  let m = splat(mean)
  var (a, b, c, d) = (Vector(), Vector(), Vector(), Vector())
  var i = 0
  while i &+ 32 <= width {
    let (p, q) = (load(x, i) - m, load(x, i &+ 8) - m)
    let (r, s) = (load(x, i &+ 16) - m, load(x, i &+ 24) - m)
    a.addProduct(p, p)
    b.addProduct(q, q)
    c.addProduct(r, r)
    d.addProduct(s, s)
    i &+= 32
  }
  while i &+ 8 <= width {
    let p = load(x, i) - m
    a.addProduct(p, p)
    i &+= 8
  }
  var total = total((a + b) + (c + d))
  while i < width {
    total += (x[i] - mean) * (x[i] - mean)
    i &+= 1
  }
  return total
}

/// Sum of the eight lanes, halves first.
@inline(__always)
func total(_ vector: Vector) -> Float {
  let four = vector.lowHalf + vector.highHalf
  let two = four.lowHalf + four.highHalf
  return two.x + two.y
}
