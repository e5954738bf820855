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
  /// Whether sums are of bytes, for which `coarseGelu` is close enough.
  var isCoarse = false
  /// What sums of pairs lack; `nil` for direct sums.
  var pairing: Pairing? = nil

  /// Asks for the lines that the sums of a tile go to, which come while they are summed: of many rows they are in no
  /// near cache.
  @inline(__always)
  func askForOutput(rows: Int, firstRow: Int, column: Int, panels: Int) {
    var place = output + (firstRow &* outputStep &+ column)
    for _ in 0..<rows {
      for panel in 0..<panels { cve_prefetch2(place + panel &* panelWidth) }
      place += outputStep
    }
  }

  /// The terms of rows and columns.
  struct Pairing {
    /// `[columns]`.
    var columns: UnsafePointer<Float>
    /// `[rows][2]`, terms and factors, from the block's first row on.
    var rows: UnsafePointer<Float>
  }
}

/// Multiplies `rows` rows by panels `panels` of a packed matrix with `inputs` rows and `columns`
/// columns. `sums` holds `rows * 16` elements for each panel, `widened`, if there is any,
/// `LinearArguments.widenedFloats`.
func multiply(
  _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int, inputs: Int, columns: Int,
  weights: PanelWeights, epilogue: Epilogue, sums: UnsafeMutablePointer<Float>,
  widened: UnsafeMutablePointer<Float>? = nil
) {
  func multiply<Element: WeightElement, Tile: TileProduct>(_: Element.Type, _: Tile.Type) {
    multiplyPanels(
      Element.self, Tile.self, left, rows: rows, firstPanel: firstPanel, lastPanel: lastPanel,
      inputs: inputs, columns: columns, weights: weights.base, epilogue: epilogue, sums: sums,
      widened: widened)
  }
  switch (weights.element, epilogue.pairing != nil) {
  case (.float32, false): multiply(Binary32.self, DirectProduct.self)
  case (.float16, false): multiply(Binary16.self, DirectProduct.self)
  case (.float32, true): multiply(Binary32.self, PairedProduct.self)
  case (.float16, true): multiply(Binary16.self, PairedProduct.self)
  case (.int8, _): refuseInt8Weights()
  }
}

/// How the products of a tile are formed; a type, so that each loop over tiles is compiled for one.
private protocol TileProduct {
  /// The most panels of a tile.
  static var panels: Int { get }

  /// The most rows of a tile of so many panels.
  static func rows(panels: Int) -> Int

  /// The most panels of a tile that has one row.
  static var panelsOfOneRow: Int { get }

  /// Multiplies a tile of `height` rows and `panels` panels.
  static func multiply<Element: WeightElement>(
    height: Int, panels: Int, _ left: LeftHand, _ row: UnsafePointer<Float>,
    _ right: RightHand<Element>, _ sums: Sums)
}

private enum DirectProduct: TileProduct {
  @inline(__always)
  static var panels: Int { TileShape.panels }

  @inline(__always)
  static func rows(panels: Int) -> Int { TileShape.rows(panels: panels) }

  @inline(__always)
  static var panelsOfOneRow: Int { TileShape.panelsOfOneRow }

  @inline(__always)
  static func multiply<Element: WeightElement>(
    height: Int, panels: Int, _ left: LeftHand, _ row: UnsafePointer<Float>,
    _ right: RightHand<Element>, _ sums: Sums
  ) {
    TileShape.multiply(height: height, panels: panels, left, row, right, sums)
  }
}

private enum PairedProduct: TileProduct {
  @inline(__always)
  static var panels: Int { TileShape.pairedPanels }

  @inline(__always)
  static func rows(panels: Int) -> Int { TileShape.pairedRows }

  @inline(__always)
  static var panelsOfOneRow: Int { panels }

  @inline(__always)
  static func multiply<Element: WeightElement>(
    height: Int, panels: Int, _ left: LeftHand, _ row: UnsafePointer<Float>,
    _ right: RightHand<Element>, _ sums: Sums
  ) {
    TileShape.multiplyPairs(height: height, panels: panels, left, row, right, sums)
  }
}

@inline(never)
private func multiplyPanels<Element: WeightElement, Tile: TileProduct>(
  _: Element.Type, _: Tile.Type, _ left: LeftHand, rows: Int, firstPanel: Int, lastPanel: Int,
  inputs: Int, columns: Int, weights: UnsafeRawPointer, epilogue: Epilogue,
  sums: UnsafeMutablePointer<Float>, widened: UnsafeMutablePointer<Float>?
) {
  let panelBytes = inputs &* panelWidth &* Element.byteCount
  // A slice of the panels of a tile stays near for all rows, a slice of the rows in the second-level
  // cache for all panels.
  let slices = Slices(left)
  let sumStep = rows &* panelWidth
  func source(_ panel: Int, _ slice: Int) -> UnsafeRawPointer {
    let input = slices.firstInput(slice)
    return weights + (panel &* panelBytes &+ input &* panelWidth &* Element.byteCount)
  }
  for index in 0..<slices.count {
    let slice = slices.slice(index, of: left)
    let isLast = index == slices.count &- 1
    var panelSums = sums
    var panel = firstPanel
    while panel < lastPanel {
      let remaining = lastPanel &- panel
      // One row has too few sums in the usual number to keep the processor busy.
      let panels =
        rows == 1 && remaining >= Tile.panelsOfOneRow
        ? Tile.panelsOfOneRow : panelsOfTile(left: remaining, most: Tile.panels)
      let heights = TileHeights(rows, most: Tile.rows(panels: panels))
      var right = RightHand<Element>(
        start: source(panel, index), panelBytes: panelBytes, ahead: weights)
      // What is multiplied next: the same slice of the next panels, or the next slice of the first, or
      // the panels behind the block's, which the next item is likely to need.
      let after =
        panel &+ panels < lastPanel
        ? source(panel &+ panels, index)
        : isLast ? source(lastPanel, 0) : source(firstPanel, index &+ 1)
      // Rows of few tiles do not repay writing the weights and reading them again.
      let wide = Element.isNarrow && left.segments == 1 && heights.count > 2 ? widened : nil
      if let wide {
        for next in 0..<panels {
          widenPanel(
            Element.self, right.start + next &* panelBytes, inputs: slice.length,
            into: wide + next &* slice.length &* panelWidth)
        }
      }
      var row = 0
      var start = slice.start
      var place = Sums(start: panelSums, step: sumStep, resumes: index > 0)
      for tile in 0..<heights.count {
        let height = heights[tile]
        // The first tiles ask for them, a panel each.
        right.ahead = tile < panels ? after + tile &* panelBytes : right.start
        if isLast {
          epilogue.askForOutput(
            rows: height, firstRow: row, column: panel &* panelWidth, panels: panels)
        }
        if let wide {
          let floats = RightHand<Binary32>(
            start: UnsafeRawPointer(wide), panelBytes: slice.length &* panelWidth &* 4,
            ahead: right.ahead)
          Tile.multiply(height: height, panels: panels, slice, start, floats, place)
        } else {
          Tile.multiply(height: height, panels: panels, slice, start, right, place)
        }
        // Tile by tile, so that the stores drain while the next tile is multiplied.
        for next in 0..<panels where isLast {
          finishPanel(
            place.start + next &* sumStep, rows: height, firstRow: row,
            column: (panel &+ next) &* panelWidth, columns: columns, epilogue)
        }
        row &+= height
        start += height &* left.step
        place.start += height &* panelWidth
      }
      panelSums += panels &* sumStep
      panel &+= panels
    }
  }
}

/// Writes a panel's weights as floats.
@inline(__always)
private func widenPanel<Element: WeightElement>(
  _: Element.Type, _ weights: UnsafeRawPointer, inputs: Int,
  into floats: UnsafeMutablePointer<Float>
) {
  for k in 0..<inputs {
    store(Element.load(weights + k &* panelWidth &* Element.byteCount), floats, k &* lanes)
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
    let target = TileShape.sliceInputs
    if left.segments == 1 {
      segments = 1
      let wanted = max(1, (left.length &+ target / 2) / target)
      // Whole groups of paired inputs.
      length = (left.length &+ 3 &* wanted &- 1) / (3 &* wanted) &* 3
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

/// Finishes and writes the sums of one panel of a tile.
@inline(__always)
func finishPanel(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, firstRow: Int, column: Int, columns: Int,
  _ epilogue: Epilogue
) {
  if column &+ panelWidth > columns {
    finishTail(
      sums, rows: rows, firstRow: firstRow, column: column, columns: columns, epilogue)
    return
  }
  var bias = Vector()
  if let biases = epilogue.bias { bias = load(biases, column) }
  if let pairing = epilogue.pairing {
    let terms = PairedSums(
      bias: bias, column: load(pairing.columns, column),
      rows: pairing.rows + 2 &* firstRow)
    finish(sums, rows: rows, firstRow: firstRow, column: column, terms, epilogue)
  } else {
    finish(sums, rows: rows, firstRow: firstRow, column: column, DirectSums(bias: bias), epilogue)
  }
}

/// What turns the sums of a panel into products plus bias.
private protocol SumTerms {
  /// The product plus bias of a row.
  func product(_ sum: Vector, _ row: Int) -> Vector
}

private struct DirectSums: SumTerms {
  var bias: Vector

  @inline(__always)
  func product(_ sum: Vector, _: Int) -> Vector { sum + bias }
}

private struct PairedSums: SumTerms {
  var bias: Vector
  var column: Vector
  /// Terms and factors from the first row on.
  var rows: UnsafePointer<Float>

  @inline(__always)
  func product(_ sum: Vector, _ row: Int) -> Vector {
    let row = rows + 2 &* row
    return multiplyAdd(sum - column - splat(row[0]), splat(row[1]), bias)
  }
}

@inline(__always)
private func finish<Terms: SumTerms>(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, firstRow: Int, column: Int, _ terms: Terms,
  _ epilogue: Epilogue
) {
  switch epilogue.activation {
  case .none: write(sums, rows: rows, firstRow: firstRow, column: column, terms, epilogue)
  case .gelu, .relu, .geluTanh, .quickGelu, .silu, .tanh:
    activate(sums, rows: rows, terms, epilogue)
    write(
      sums, rows: rows, firstRow: firstRow, column: column, DirectSums(bias: splat(-0.0)), epilogue)
  }
}

@inline(__always)
private func write<Terms: SumTerms>(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, firstRow: Int, column: Int, _ terms: Terms,
  _ epilogue: Epilogue
) {
  var output = epilogue.output + (firstRow &* epilogue.outputStep &+ column)
  var sum = sums
  if let addend = epilogue.addend {
    var added = addend + (firstRow &* epilogue.addendStep &+ column)
    for row in 0..<rows {
      store(load(added, 0) + terms.product(load(sum, 0), row), output, 0)
      added += epilogue.addendStep
      output += epilogue.outputStep
      sum += panelWidth
    }
  } else {
    for row in 0..<rows {
      store(terms.product(load(sum, 0), row), output, 0)
      output += epilogue.outputStep
      sum += panelWidth
    }
  }
}

/// Adds what sums lack and applies the activation.
@inline(never)
private func activate<Terms: SumTerms>(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, _ terms: Terms, _ epilogue: Epilogue
) {
  var sum = sums
  switch epilogue.activation {
  case .none: break
  case .gelu where epilogue.isCoarse:
    for row in 0..<rows {
      store(coarseGelu(terms.product(load(sum, 0), row)), sum, 0)
      sum += panelWidth
    }
  case .gelu:
    for row in 0..<rows {
      store(gelu(terms.product(load(sum, 0), row)), sum, 0)
      sum += panelWidth
    }
  case .relu:
    for row in 0..<rows {
      store(maximum(Vector(), terms.product(load(sum, 0), row)), sum, 0)
      sum += panelWidth
    }
  case .geluTanh, .quickGelu, .silu, .tanh:
    activateGated(sums, rows: rows, terms, epilogue.activation)
  }
}

/// As `activate` for activations by a sigmoid: apart, for the others to keep their registers.
@inline(never)
private func activateGated<Terms: SumTerms>(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, _ terms: Terms, _ activation: Activation
) {
  @inline(__always)
  func forEach(_ function: (Vector) -> Vector) {
    var sum = sums
    for row in 0..<rows {
      store(function(terms.product(load(sum, 0), row)), sum, 0)
      sum += panelWidth
    }
  }
  switch activation {
  case .geluTanh: forEach { geluTanh($0) }
  case .quickGelu: forEach { quickGelu($0) }
  case .silu: forEach { silu($0) }
  case .tanh: forEach { tanh($0) }
  case .none, .gelu, .relu: break
  }
}

/// As `finishPanel` for the panel that holds fewer than 16 columns.
@inline(never)
private func finishTail(
  _ sums: UnsafeMutablePointer<Float>, rows: Int, firstRow: Int, column: Int, columns: Int,
  _ epilogue: Epilogue
) {
  let count = columns &- column
  if let bias = epilogue.bias {
    for r in 0..<rows {
      for c in 0..<count { sums[r &* panelWidth &+ c] += bias[column &+ c] }
    }
  }
  activate(sums, rows: rows, DirectSums(bias: splat(-0.0)), epilogue)
  for r in 0..<rows {
    let sum = sums + r &* panelWidth
    let output = epilogue.output + ((firstRow &+ r) &* epilogue.outputStep &+ column)
    if let addend = epilogue.addend {
      let added = addend + ((firstRow &+ r) &* epilogue.addendStep &+ column)
      for c in 0..<count { output[c] = added[c] + sum[c] }
    } else {
      for c in 0..<count { output[c] = sum[c] }
    }
  }
}
