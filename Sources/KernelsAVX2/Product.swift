internal import KernelInterface

/// What happens to finished sums, for rows that begin at the block's first.
struct Epilogue {
  /// The block's first row.
  var output: UnsafeMutablePointer<Float>
  /// Elements from one output row to the next.
  var outputStep: Int
  /// `[columns]`.
  var bias: UnsafePointer<Float>?
  /// Applied after the bias.
  var activation: Activation
  /// The block's first row of what is added last.
  var addend: UnsafePointer<Float>?
  /// Elements from one added row to the next.
  var addendStep: Int
}

/// Multiplies `rows` rows by panels `panels` of a packed matrix with `inputs` rows and `columns`
/// columns. `tile` holds `6 * 16` elements.
func multiply(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: PanelWeights, epilogue: Epilogue, tile: UnsafeMutablePointer<Float>
) {
  switch weights.element {
  case .float32:
    multiply32(
      left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel, inputs: inputs,
      columns: columns, weights: weights.base, epilogue: epilogue, tile: tile)
  case .float16:
    multiply16(
      left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel, inputs: inputs,
      columns: columns, weights: weights.base, epilogue: epilogue, tile: tile)
  }
}

@inline(never)
private func multiply32(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: UnsafeRawPointer, epilogue: Epilogue, tile: UnsafeMutablePointer<Float>
) {
  multiplyPanels(
    left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel, inputs: inputs,
    columns: columns, weights: weights, half: false, epilogue: epilogue, tile: tile)
}

@inline(never)
private func multiply16(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: UnsafeRawPointer, epilogue: Epilogue, tile: UnsafeMutablePointer<Float>
) {
  multiplyPanels(
    left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel, inputs: inputs,
    columns: columns, weights: weights, half: true, epilogue: epilogue, tile: tile)
}

@inline(__always)
private func multiplyPanels(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: UnsafeRawPointer, half: Bool, epilogue: Epilogue, tile: UnsafeMutablePointer<Float>
) {
  let panelBytes = inputs &* PanelLayout.width &* (half ? 2 : 4)
  // Heights that differ by one at most: no row is computed in vain, and none runs alone.
  let tiles = (rows &+ 5) / 6
  let low = rows / max(tiles, 1)
  let taller = rows &- low &* tiles
  for panel in firstPanel..<lastPanel {
    let panelWeights = weights + panel &* panelBytes
    let column = panel &* PanelLayout.width
    var row = 0
    for index in 0..<tiles {
      let height = index < taller ? low &+ 1 : low
      let start = left.start + row &* left.step
      switch height {
      case 6: tile6(left, start, panelWeights, half: half, tile)
      case 5: tile5(left, start, panelWeights, half: half, tile)
      case 4: tile4(left, start, panelWeights, half: half, tile)
      case 3: tile3(left, start, panelWeights, half: half, tile)
      case 2: tile2(left, start, panelWeights, half: half, tile)
      default: tile1(left, start, panelWeights, half: half, tile)
      }
      finish(tile, row: row, height: height, column: column, columns: columns, epilogue)
      row &+= height
    }
  }
}

/// Finishes and writes the sums of one tile.
@inline(__always)
private func finish(
  _ tile: UnsafeMutablePointer<Float>, row: Int, height: Int, column: Int, columns: Int,
  _ epilogue: Epilogue
) {
  if column &+ PanelLayout.width > columns {
    finishTail(tile, row: row, height: height, column: column, columns: columns, epilogue)
    return
  }
  var (biasLow, biasHigh) = (Vector(), Vector())
  if let bias = epilogue.bias {
    biasLow = load(bias, column)
    biasHigh = load(bias, column &+ 8)
  }
  switch epilogue.activation {
  case .none: break
  case .gelu:
    activateGELU(tile, height: height, biasLow, biasHigh)
    (biasLow, biasHigh) = (Vector(), Vector())
  case .relu:
    for r in 0..<height {
      store(pointwiseMax(load(tile, r &* 16) + biasLow, Vector()), tile, r &* 16)
      store(pointwiseMax(load(tile, r &* 16 &+ 8) + biasHigh, Vector()), tile, r &* 16 &+ 8)
    }
    (biasLow, biasHigh) = (Vector(), Vector())
  }
  var output = epilogue.output + row &* epilogue.outputStep + column
  if let addend = epilogue.addend {
    var added = addend + row &* epilogue.addendStep + column
    for r in 0..<height {
      store(load(added, 0) + (load(tile, r &* 16) + biasLow), output, 0)
      store(load(added, 8) + (load(tile, r &* 16 &+ 8) + biasHigh), output, 8)
      added += epilogue.addendStep
      output += epilogue.outputStep
    }
  } else {
    for r in 0..<height {
      store(load(tile, r &* 16) + biasLow, output, 0)
      store(load(tile, r &* 16 &+ 8) + biasHigh, output, 8)
      output += epilogue.outputStep
    }
  }
}

/// Adds the bias and applies GELU to the tile.
@inline(never)
private func activateGELU(
  _ tile: UnsafeMutablePointer<Float>, height: Int, _ biasLow: Vector, _ biasHigh: Vector
) {
  for r in 0..<height {
    store(gelu(load(tile, r &* 16) + biasLow), tile, r &* 16)
    store(gelu(load(tile, r &* 16 &+ 8) + biasHigh), tile, r &* 16 &+ 8)
  }
}

/// As `finish` for the panel that holds fewer than 16 columns.
@inline(never)
private func finishTail(
  _ tile: UnsafeMutablePointer<Float>, row: Int, height: Int, column: Int, columns: Int,
  _ epilogue: Epilogue
) {
  let count = columns &- column
  for r in 0..<height {
    let sums = tile + r &* 16
    if let bias = epilogue.bias {
      for c in 0..<count { sums[c] += bias[column &+ c] }
    }
    switch epilogue.activation {
    case .none: break
    case .gelu:
      store(gelu(load(sums, 0)), sums, 0)
      store(gelu(load(sums, 8)), sums, 8)
    case .relu:
      for c in 0..<count where !(sums[c] > 0) { sums[c] = 0 }
    }
    let output = epilogue.output + (row &+ r) &* epilogue.outputStep + column
    if let addend = epilogue.addend {
      let added = addend + (row &+ r) &* epilogue.addendStep + column
      for c in 0..<count { output[c] = added[c] + sums[c] }
    } else {
      for c in 0..<count { output[c] = sums[c] }
    }
  }
}
