package import KernelInterface

extension PortableKernels {
  package static func linear(
    _ arguments: LinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let block = a.block(item)
    let rows = block.rowEnd &- block.rowStart
    guard rows > 0 else { return }
    let uniformSingle = a.rows == 1
    // With one row in each image the sequence runs over images, otherwise over rows.
    func input(_ rows: InputRows) -> UnsafePointer<Float> {
      uniformSingle
        ? rows.pointer(image: block.rowStart, row: 0)
        : rows.pointer(image: block.group, row: block.rowStart)
    }
    var left = LeftHand(start: input(a.input), step: a.input.step(rows: a.rows))
    if let norm = a.norm {
      let prepared = scratch.assumingMemoryBound(to: Float.self)
      let stride = a.scratchStride
      for row in 0..<rows {
        normalize(
          left.start + row * left.step, into: prepared + row * stride, width: a.inputWidth, norm)
      }
      left = LeftHand(start: UnsafePointer(prepared), step: stride)
    }
    let output =
      uniformSingle
      ? a.output.pointer(image: block.rowStart, row: 0)
      : a.output.pointer(image: block.group, row: block.rowStart)
    multiply(
      left, rows: rows, panels: block.panelStart..<block.panelEnd, inputs: a.inputWidth,
      columns: a.outputWidth, weights: a.weights,
      epilogue: Epilogue(
        output: output, outputStep: a.output.step(rows: a.rows), bias: a.bias,
        activation: a.activation, addend: a.residual.map(input),
        addendStep: a.residual?.step(rows: a.rows) ?? 0))
  }

  package static func layerNorm(_ arguments: LayerNormArguments, item: Int) {
    let a = arguments
    a.unused.forEachRun(in: a.split.rows(item), rows: a.rows) { rows in
      for row in rows {
        let (image, index) = row.quotientAndRemainder(dividingBy: a.rows)
        normalize(
          a.input.pointer(image: image, row: index),
          into: a.output.pointer(image: image, row: index), width: a.width, a.norm)
      }
    }
  }
}

/// Normalises one row; `output` may be `input`.
func normalize(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, width: Int,
  _ norm: LayerNorm
) {
  let whole = width & ~7
  var sums = Vector()
  for i in stride(from: 0, to: whole, by: 8) { sums += input.vector(i) }
  var sum = sums.sum()
  for i in whole..<width { sum += input[i] }
  let mean = sum / Float(width)

  sums = Vector()
  for i in stride(from: 0, to: whole, by: 8) {
    let centred = input.vector(i) - mean
    sums += centred * centred
  }
  sum = sums.sum()
  for i in whole..<width { sum += (input[i] - mean) * (input[i] - mean) }
  let scale = 1 / (sum / Float(width) + norm.epsilon).squareRoot()

  for i in stride(from: 0, to: whole, by: 8) {
    let value = (input.vector(i) - mean) * scale * norm.gamma.vector(i) + norm.beta.vector(i)
    output.store(value, i)
  }
  for i in whole..<width {
    output[i] = (input[i] - mean) * scale * norm.gamma[i] + norm.beta[i]
  }
}
