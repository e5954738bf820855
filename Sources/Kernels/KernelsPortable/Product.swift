internal import KernelInterface

/// Rows of a left-hand side, at one distance.
struct LeftHand {
  var start: UnsafePointer<Float>
  var step: Int
}

/// What happens to a finished sum, for rows that begin at the block's first.
struct Epilogue {
  var output: UnsafeMutablePointer<Float>
  var outputStep: Int
  var bias: UnsafePointer<Float>?
  var activation: Activation
  var addend: UnsafePointer<Float>?
  var addendStep: Int
  /// Whether sums are of bytes, for which `coarseGelu` is close enough.
  var isCoarse = false

  /// Finishes the columns of a panel from `column` on, in front of `columns`, of one row.
  @inline(__always)
  func apply(_ low: Vector, _ high: Vector, row: Int, column: Int, columns: Int) {
    finish(low, row: row, column: column, columns: columns)
    if column + lanes < columns {
      finish(high, row: row, column: column + lanes, columns: columns)
    }
  }

  @inline(__always)
  private func finish(_ sum: Vector, row: Int, column: Int, columns: Int) {
    let count = min(lanes, columns - column)
    var value = sum
    if let bias { value += load(bias + column, count) }
    value =
      isCoarse && activation == .gelu ? coarseGelu(value) : activated(value, activation)
    if let addend { value = load(addend + row * addendStep + column, count) + value }
    let place = output + row * outputStep + column
    if count == lanes {
      place.store(value, 0)
    } else {
      for lane in 0..<count { place[lane] = value[lane] }
    }
  }

  @inline(__always)
  private func load(_ pointer: UnsafePointer<Float>, _ count: Int) -> Vector {
    if count == lanes { return pointer.vector(0) }
    var vector = Vector()
    for lane in 0..<count { vector[lane] = pointer[lane] }
    return vector
  }
}

/// Multiplies `rows` rows by the panels of a block, each sum in ascending order of k.
func multiply(
  _ left: LeftHand, rows: Int, panels: Range<Int>, inputs: Int, columns: Int,
  weights: PanelWeights, epilogue: Epilogue
) {
  for panel in panels {
    let column = panel * PanelLayout.width
    let first = panel * inputs * PanelLayout.width
    for row in 0..<rows {
      let x = left.start + row * left.step
      var low = Vector()
      var high = Vector()
      switch weights.element {
      case .float32:
        let w = weights.base.assumingMemoryBound(to: Float.self) + first
        for k in 0..<inputs {
          low += w.vector(k &* panelWidth) * x[k]
          high += w.vector(k &* panelWidth &+ lanes) * x[k]
        }
      case .float16:
        let w = weights.base + first * 2
        for k in 0..<inputs {
          let halves = w + 2 &* k &* panelWidth
          low += widened(halves.loadUnaligned(as: SIMD8<UInt16>.self)) * x[k]
          high += widened((halves + 2 &* lanes).loadUnaligned(as: SIMD8<UInt16>.self)) * x[k]
        }
      case .int8: refuseInt8Weights()
      }
      epilogue.apply(low, high, row: row, column: column, columns: columns)
    }
  }
}
