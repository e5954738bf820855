package import KernelInterface

extension WideKernels {
  package static func layerNorm(_ arguments: LayerNormArguments, item: Int) {
    let a = arguments
    a.unused.forEachRun(in: a.split.rows(item), rows: a.rows) { rows in
      func place(_ r: Int) -> (image: Int, row: Int) {
        let index = rows.lowerBound &+ r
        let image = index / a.rows
        return (image, index &- image &* a.rows)
      }
      normalize(
        rows.count,
        { r in
          let (image, row) = place(r)
          return a.input.pointer(image: image, row: row)
        },
        into: { r in
          let (image, row) = place(r)
          return a.output.pointer(image: image, row: row)
        }, width: a.width, a.norm)
    }
  }
}

/// Rows that are worked on together, so that the sums of one need not wait for another's.
@inline(__always)
var rowsTogether: Int { 4 }

/// Normalises `rows` rows; an output may be its input.
@inline(__always)
func normalize(
  _ rows: Int, _ input: (Int) -> UnsafePointer<Float>,
  into output: (Int) -> UnsafeMutablePointer<Float>, width: Int, _ norm: LayerNorm
) {
  var first = 0
  while first < rows {
    let count = min(rowsTogether, rows &- first)
    let moments = RowMoments(count, { input(first &+ $0) }, width: width, norm)
    for r in 0..<count {
      moments.normalizeRow(r, input(first &+ r), into: output(first &+ r), width: width, norm) {
        _ in
      }
    }
    first &+= count
  }
}

/// What rows are normalised by, up to ``rowsTogether`` of them.
struct RowMoments {
  private var means = InlineArray<4, Float>(repeating: 0)
  private var scales = InlineArray<4, Float>(repeating: 0)

  @inline(__always)
  init(_ count: Int, _ input: (Int) -> UnsafePointer<Float>, width: Int, _ norm: LayerNorm) {
    for r in 0..<count { means[r] = sum(input(r), width) / Float(width) }
    for r in 0..<count {
      let variance = squaredDistance(input(r), means[r], width) / Float(width)
      scales[r] = 1 / (variance + norm.epsilon).squareRoot()
    }
  }

  /// Writes row `r`, and shows each whole vector that it writes.
  @inline(__always)
  func normalizeRow(
    _ r: Int, _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, width: Int,
    _ norm: LayerNorm, _ see: (Vector) -> Void
  ) {
    let (mean, scale) = (means[r], scales[r])
    var i = 0
    while i &+ lanes <= width {
      let centred = (load(input, i) - splat(mean)) * splat(scale)
      let value = multiplyAdd(centred, load(norm.gamma, i), load(norm.beta, i))
      store(value, output, i)
      see(value)
      i &+= lanes
    }
    while i < width {
      output[i] = norm.beta[i].addingProduct((input[i] - mean) * scale, norm.gamma[i])
      i &+= 1
    }
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
func squaredDistance(_ x: UnsafePointer<Float>, _ mean: Float, _ width: Int) -> Float {
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
