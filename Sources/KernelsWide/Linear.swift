package import KernelInterface

extension WideKernels {
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
    for index in a.split.rows(item) {
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
  var i = 0
  while i &+ lanes <= width {
    let centred = (load(input, i) - splat(mean)) * splat(scale)
    store(multiplyAdd(centred, load(norm.gamma, i), load(norm.beta, i)), output, i)
    i &+= lanes
  }
  while i < width {
    output[i] = norm.beta[i].addingProduct((input[i] - mean) * scale, norm.gamma[i])
    i &+= 1
  }
}

/// Sum of a row in an order that depends on its width only.
@inline(__always)
func sum(_ x: UnsafePointer<Float>, _ width: Int) -> Float {
  var (a, b) = (Vector(), Vector())
  var i = 0
  while i &+ 2 &* lanes <= width {
    a += load(x, i)
    b += load(x, i &+ lanes)
    i &+= 2 &* lanes
  }
  if i &+ lanes <= width {
    a += load(x, i)
    i &+= lanes
  }
  var total = total(a + b)
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
  var (a, b) = (Vector(), Vector())
  var i = 0
  while i &+ 2 &* lanes <= width {
    let (p, q) = (load(x, i) - m, load(x, i &+ lanes) - m)
    a.addProduct(p, p)
    b.addProduct(q, q)
    i &+= 2 &* lanes
  }
  if i &+ lanes <= width {
    let p = load(x, i) - m
    a.addProduct(p, p)
    i &+= lanes
  }
  var total = total(a + b)
  while i < width {
    total += (x[i] - mean) * (x[i] - mean)
    i &+= 1
  }
  return total
}
