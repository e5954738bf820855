internal import CVectorExtras
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
/// columns. `sums` holds `rows * 16` elements for each panel.
func multiply(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: PanelWeights, epilogue: Epilogue, sums: UnsafeMutablePointer<Float>
) {
  switch weights.element {
  case .float32:
    multiply32(
      left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel, inputs: inputs,
      columns: columns, weights: weights.base, epilogue: epilogue, sums: sums)
  case .float16:
    multiply16(
      left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel, inputs: inputs,
      columns: columns, weights: weights.base, epilogue: epilogue, sums: sums)
  }
}

@inline(never)
private func multiply32(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: UnsafeRawPointer, epilogue: Epilogue, sums: UnsafeMutablePointer<Float>
) {
  multiplyPanels(
    left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel, inputs: inputs,
    columns: columns, weights: weights, half: false, epilogue: epilogue, sums: sums)
}

@inline(never)
private func multiply16(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: UnsafeRawPointer, epilogue: Epilogue, sums: UnsafeMutablePointer<Float>
) {
  multiplyPanels(
    left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel, inputs: inputs,
    columns: columns, weights: weights, half: true, epilogue: epilogue, sums: sums)
}

@inline(__always)
private func multiplyPanels(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: UnsafeRawPointer, half: Bool, epilogue: Epilogue, sums: UnsafeMutablePointer<Float>
) {
  let elementBytes = half ? 2 : 4
  let panelBytes = inputs &* panelWidth &* elementBytes
  // A slice of a panel stays in the first-level cache for all rows, a slice of the rows in the second
  // for all panels.
  let slices = Slices(left)
  // Heights that differ by one at most: no row is computed in vain, and none runs alone.
  let tiles = (rows &+ 5) / 6
  let low = rows / max(tiles, 1)
  let taller = rows &- low &* tiles
  for index in 0..<slices.count {
    let slice = slices.slice(index, of: left)
    let resumes = index > 0
    let isLast = index == slices.count &- 1
    var panelSums = sums
    var panel = firstPanel
    while panel < lastPanel {
      let firstWeight =
        panel &* panelBytes &+ slices.firstInput(index) &* panelWidth &* elementBytes
      let w = weights + firstWeight
      if rows == 1 && panel &+ 4 <= lastPanel {
        tile1x4(
          slice, slice.start, w, panelBytes: panelBytes, half: half, resumes: resumes, panelSums)
        for next in 0..<4 where isLast {
          finish(
            panelSums + next &* panelWidth, rows: 1, column: (panel &+ next) &* panelWidth,
            columns: columns, epilogue)
        }
        panelSums += 4 &* panelWidth
        panel &+= 4
        continue
      }
      var start = slice.start
      var place = panelSums
      for tile in 0..<tiles {
        let height = tile < taller ? low &+ 1 : low
        switch height {
        case 6: tile6(slice, start, w, half: half, resumes: resumes, place)
        case 5: tile5(slice, start, w, half: half, resumes: resumes, place)
        case 4: tile4(slice, start, w, half: half, resumes: resumes, place)
        case 3: tile3(slice, start, w, half: half, resumes: resumes, place)
        case 2: tile2(slice, start, w, half: half, resumes: resumes, place)
        default: tile1(slice, start, w, half: half, resumes: resumes, place)
        }
        start += height &* left.step
        place += height &* panelWidth
      }
      if isLast {
        finish(panelSums, rows: rows, column: panel &* panelWidth, columns: columns, epilogue)
      }
      panelSums = place
      panel &+= 1
    }
  }
}

/// The inputs of a product cut into slices: runs of whole segments, or parts of the only one.
private struct Slices {
  /// Number of slices; at least one, so that sums are written even where there are no inputs.
  let count: Int
  /// Segments of a slice but the last.
  private let segments: Int
  /// Elements of a slice's segment, but the last slice's.
  private let length: Int

  @inline(__always)
  init(_ left: LeftHand) {
    let target = 384
    if left.segments == 1 {
      segments = 1
      let wanted = max(1, (left.length &+ target / 2) / target)
      length = (left.length &+ wanted &- 1) / wanted
      count = max(1, (left.length &+ length &- 1) / max(length, 1))
    } else {
      segments = max(1, target / max(left.length, 1))
      length = left.length
      count = max(1, (left.segments &+ segments &- 1) / segments)
    }
  }

  @inline(__always)
  func firstInput(_ index: Int) -> Int { index &* segments &* length }

  @inline(__always)
  func slice(_ index: Int, of left: LeftHand) -> LeftHand {
    var slice = left
    if left.segments == 1 {
      slice.start += index &* length
      slice.length = min(length, left.length &- index &* length)
    } else {
      slice.start += index &* segments &* left.segmentStep
      slice.segments = min(segments, left.segments &- index &* segments)
    }
    return slice
  }
}

/// Finishes and writes the sums of one panel.
@inline(__always)
private func finish(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, column: Int, columns: Int, _ epilogue: Epilogue
) {
  if column &+ panelWidth > columns {
    finishTail(sums, rows: rows, column: column, columns: columns, epilogue)
    return
  }
  var (biasLow, biasHigh) = (Vector(), Vector())
  if let bias = epilogue.bias {
    biasLow = load(bias, column)
    biasHigh = load(bias, column &+ 8)
  }
  switch epilogue.activation {
  case .none: break
  case .gelu, .relu:
    activate(sums, rows: rows, biasLow, biasHigh, epilogue.activation)
    (biasLow, biasHigh) = (splat(-0.0), splat(-0.0))
  }
  var output = epilogue.output + column
  var sum = sums
  if let addend = epilogue.addend {
    var added = addend + column
    for _ in 0..<rows {
      store(load(added, 0) + (load(sum, 0) + biasLow), output, 0)
      store(load(added, 8) + (load(sum, 8) + biasHigh), output, 8)
      added += epilogue.addendStep
      output += epilogue.outputStep
      sum += panelWidth
    }
  } else {
    for _ in 0..<rows {
      store(load(sum, 0) + biasLow, output, 0)
      store(load(sum, 8) + biasHigh, output, 8)
      output += epilogue.outputStep
      sum += panelWidth
    }
  }
}

/// Adds the bias and applies the activation.
@inline(never)
private func activate(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, _ biasLow: Vector, _ biasHigh: Vector,
  _ activation: Activation
) {
  var sum = sums
  switch activation {
  case .none: break
  case .gelu:
    for _ in 0..<rows {
      store(gelu(load(sum, 0) + biasLow), sum, 0)
      store(gelu(load(sum, 8) + biasHigh), sum, 8)
      sum += panelWidth
    }
  case .relu:
    for _ in 0..<rows {
      store(cve_max(Vector(), load(sum, 0) + biasLow), sum, 0)
      store(cve_max(Vector(), load(sum, 8) + biasHigh), sum, 8)
      sum += panelWidth
    }
  }
}

/// As `finish` for the panel that holds fewer than 16 columns.
@inline(never)
private func finishTail(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, column: Int, columns: Int, _ epilogue: Epilogue
) {
  let count = columns &- column
  if let bias = epilogue.bias {
    for r in 0..<rows {
      for c in 0..<count { sums[r &* 16 &+ c] += bias[column &+ c] }
    }
  }
  activate(sums, rows: rows, splat(-0.0), splat(-0.0), epilogue.activation)
  for r in 0..<rows {
    let sum = sums + r &* panelWidth
    let output = epilogue.output + r &* epilogue.outputStep + column
    if let addend = epilogue.addend {
      let added = addend + r &* epilogue.addendStep + column
      for c in 0..<count { output[c] = added[c] + sum[c] }
    } else {
      for c in 0..<count { output[c] = sum[c] }
    }
  }
}
