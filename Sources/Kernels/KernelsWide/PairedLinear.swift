package import KernelInterface

extension WideKernels: PairedKernelSet {
  package static func pairedWeights(_ arguments: PairedWeightsArguments, item: Int) {
    switch arguments.weights.element {
    case .float32: formWeightTerms(Binary32.self, arguments, panel: item)
    case .float16: formWeightTerms(Binary16.self, arguments, panel: item)
    case .int8: refuseInt8Weights()
    }
  }

  package static func pairedRows(_ arguments: PairedLinearArguments, item: Int) {
    let (rows, width) = (arguments.product.rows, arguments.product.inputWidth)
    let columns = arguments.product.outputWidth
    let squares = sum(arguments.weightTerms + columns, columns / panelWidth)
    let meanSquare = squares / Float(width) / Float(columns)
    arguments.product.unused.forEachRun(in: arguments.rowSplit.rows(item), rows: rows) { range in
      var first = range.lowerBound
      while first < range.upperBound {
        let count = min(rowsTogether, range.upperBound &- first)
        var inputs = InlineArray<4, UnsafePointer<Float>>(repeating: arguments.input.base)
        var outputs = InlineArray<4, UnsafeMutablePointer<Float>>(repeating: arguments.scaled.base)
        for r in 0..<count {
          let image = (first &+ r) / rows
          let row = first &+ r &- image &* rows
          inputs[r] = arguments.input.pointer(image: image, row: row)
          outputs[r] = arguments.scaled.pointer(image: image, row: row)
        }
        if let norm = arguments.norm {
          normalize(count, { inputs[$0] }, into: { outputs[$0] }, width: width, norm)
          for r in 0..<count { inputs[r] = UnsafePointer(outputs[r]) }
        }
        var scales = InlineArray<4, Float>(repeating: 1)
        for r in 0..<count {
          let sums = sumRow(inputs[r], width)
          let scale = pairingScale(rows: sums.squares / Float(width), weights: meanSquare)
          scales[r] = scale
          let terms = arguments.rowTerms + 2 &* (first &+ r)
          terms[0] = sums.pairs * scale * scale
          terms[1] = 1 / scale
        }
        for r in 0..<count { scaleRow(inputs[r], into: outputs[r], width: width, scales[r]) }
        first &+= count
      }
    }
  }

  package static func pairedLinear(
    _ arguments: PairedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments.product
    let block = a.block(item)
    let rows = block.rowEnd &- block.rowStart
    guard rows > 0 else { return }
    let left = LeftHand(
      start: a.input.pointer(image: block.group, row: block.rowStart), step: a.input.stride,
      segments: 1, length: a.inputWidth, segmentStep: 0)
    var epilogue = Epilogue(
      output: a.output.pointer(image: block.group, row: block.rowStart),
      outputStep: a.output.stride, bias: a.bias, activation: a.activation, addend: nil,
      addendStep: 0,
      pairing: Epilogue.Pairing(
        columns: arguments.weightTerms,
        rows: UnsafePointer(arguments.rowTerms + 2 &* (block.group &* a.rows &+ block.rowStart))))
    if let residual = a.residual {
      epilogue.addend = residual.pointer(image: block.group, row: block.rowStart)
      epilogue.addendStep = residual.stride
    }
    let sums = scratch.assumingMemoryBound(to: Float.self)
    multiply(
      left, rows: rows, firstPanel: block.panelStart,
      lastPanel: block.panelEnd, inputs: a.inputWidth, columns: a.outputWidth, weights: a.weights,
      epilogue: epilogue, sums: sums, widened: sums + a.blocking.maximumSums)
  }
}

/// Sums the products of the pairs of a panel's columns, and the squares of its weights.
private func formWeightTerms<Element: WeightElement>(
  _: Element.Type, _ arguments: PairedWeightsArguments, panel: Int
) {
  let inputs = arguments.inputWidth
  let bytes = panelWidth &* Element.byteCount
  var weights = arguments.weights.base + panel &* inputs &* bytes
  var pairs = Vector()
  var squares = (Vector(), Vector(), Vector())
  for _ in 0..<inputs / 3 {
    let (a, b) = (Element.load(weights), Element.load(weights + bytes))
    let c = Element.load(weights + 2 &* bytes)
    pairs.addProduct(a, b)
    squares.0.addProduct(a, a)
    squares.1.addProduct(b, b)
    squares.2.addProduct(c, c)
    weights += 3 &* bytes
  }
  for _ in 0..<inputs % 3 {
    let a = Element.load(weights)
    squares.0.addProduct(a, a)
    weights += bytes
  }
  store(pairs, arguments.terms, panel &* panelWidth)
  arguments.terms[arguments.outputWidth &+ panel] = total(squares.0 + squares.1 + squares.2)
}

/// Sums the squares of a row's elements and the products of its pairs.
func sumRow(
  _ row: UnsafePointer<Float>, _ width: Int
) -> (squares: Float, pairs: Float) {
  var squares = (Vector(), Vector(), Vector())
  // Of 48 elements, those of the first vector times the next element, the others times the one before.
  var products = (Vector(), Vector(), Vector())
  var i = 0
  while i &+ 3 &* lanes <= width {
    let (a, b, c) = (load(row, i), load(row, i &+ lanes), load(row, i &+ 2 &* lanes))
    squares.0.addProduct(a, a)
    squares.1.addProduct(b, b)
    squares.2.addProduct(c, c)
    products.0.addProduct(a, load(row, i &+ 1))
    products.1.addProduct(b, load(row, i &+ lanes &- 1))
    products.2.addProduct(c, load(row, i &+ 2 &* lanes &- 1))
    i &+= 3 &* lanes
  }
  // The lanes that are a pair's, each once: pairs begin at multiples of three.
  let pairs =
    products.0 * Vector(1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1)
    + products.1 * Vector(0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1)
    + products.2 * Vector(0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0)
  var sums = (squares: total(squares.0 + squares.1 + squares.2), pairs: total(pairs))
  while i &+ 2 < width {
    sums.squares += row[i] * row[i] + row[i &+ 1] * row[i &+ 1] + row[i &+ 2] * row[i &+ 2]
    sums.pairs.addProduct(row[i], row[i &+ 1])
    i &+= 3
  }
  while i < width {
    sums.squares.addProduct(row[i], row[i])
    i &+= 1
  }
  return sums
}

/// Multiplies a row by `scale`; `output` may be `input`.
func scaleRow(
  _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, width: Int,
  _ scale: Float
) {
  let factor = splat(scale)
  var i = 0
  while i &+ lanes <= width {
    store(load(input, i) * factor, output, i)
    i &+= lanes
  }
  while i < width {
    output[i] = input[i] * scale
    i &+= 1
  }
}
