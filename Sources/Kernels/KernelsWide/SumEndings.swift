internal import CVectorExtras
internal import KernelInterface

/// The sums themselves, as floats.
struct PlainSum: SumEnding {
  /// `[panels][step / 16][16]`.
  var products: UnsafeMutablePointer<Float>
  /// Elements from one panel to the next.
  var step: Int

  @inline(__always)
  func columns(_: Int) {}

  @inline(__always)
  func integerSums(_: Int) -> Lanes? { nil }

  @inline(__always)
  func write(_ sums: Lanes, panel: Int, row: Int, _: Void) {
    store(floats(sums), products, panel &* step &+ row &* panelWidth)
  }
}

/// How the sums of a layer's columns become products; see `QuantizedLinearArguments`.
struct LayerTerms {
  /// `[rows][2]`, scales and low ends, from the tile's first row on.
  var terms: UnsafePointer<Float>
  /// `[16 panels]`, scales of the columns from the first panel on.
  var scales: UnsafePointer<Float>
  /// `[16 panels]`, sums of their integers.
  var sums: UnsafePointer<Int32>

  /// What a panel's columns have.
  struct Columns {
    var scales: Vector
    var sums: Vector
  }

  @inline(__always)
  func columns(_ panel: Int) -> Columns {
    Columns(scales: load(scales, panel &* panelWidth), sums: floats(integerSums(panel)))
  }

  /// Sums of the integers of a panel's columns.
  @inline(__always)
  func integerSums(_ panel: Int) -> Lanes {
    UnsafeRawPointer(sums + panel &* panelWidth).loadUnaligned(as: Lanes.self)
  }

  @inline(__always)
  func product(_ sum: Lanes, row: Int, _ columns: Columns) -> Vector {
    let (scale, low) = (splat(terms[2 &* row]), splat(terms[2 &* row &+ 1]))
    return multiplyAdd(floats(sum), scale, low * columns.sums) * columns.scales
  }
}

/// Products of a layer without bias, for an activation or for columns that fill no panel.
struct LayerProduct: SumEnding {
  var layer: LayerTerms
  var plain: PlainSum

  @inline(__always)
  func columns(_ panel: Int) -> LayerTerms.Columns { layer.columns(panel) }

  @inline(__always)
  func integerSums(_ panel: Int) -> Lanes? { layer.integerSums(panel) }

  @inline(__always)
  func write(_ sums: Lanes, panel: Int, row: Int, _ columns: LayerTerms.Columns) {
    store(
      layer.product(sums, row: row, columns), plain.products,
      panel &* plain.step &+ row &* panelWidth)
  }
}

/// A layer's output where it has no activation.
struct LayerOutput: SumEnding {
  var layer: LayerTerms
  /// `[16 panels]`, from the first panel on.
  var bias: UnsafePointer<Float>?
  /// The tile's first row and column.
  var output: UnsafeMutablePointer<Float>
  /// Elements from one row to the next.
  var outputStep: Int

  typealias Columns = (layer: LayerTerms.Columns, bias: Vector)

  @inline(__always)
  func columns(_ panel: Int) -> Columns {
    (layer.columns(panel), bias.map { load($0, panel &* panelWidth) } ?? Vector())
  }

  @inline(__always)
  func integerSums(_ panel: Int) -> Lanes? { layer.integerSums(panel) }

  /// A row's products with the bias.
  @inline(__always)
  func value(_ sums: Lanes, row: Int, _ columns: Columns) -> Vector {
    layer.product(sums, row: row, columns.layer) + columns.bias
  }

  @inline(__always)
  func write(_ sums: Lanes, panel: Int, row: Int, _ columns: Columns) {
    write(value(sums, row: row, columns), panel: panel, row: row)
  }

  @inline(__always)
  func write(_ value: Vector, panel: Int, row: Int) {
    store(value, output, row &* outputStep &+ panel &* panelWidth)
  }
}

/// A layer's output with a residual, which is added last.
struct LayerSum: SumEnding {
  var layer: LayerOutput
  /// What is added to the tile's first row and column.
  var addend: UnsafePointer<Float>
  /// Elements from one row to the next.
  var addendStep: Int

  /// Asks for what is added to a tile, which the weights and rows of other layers have pushed out of the near caches.
  @inline(__always)
  func prefetch(rows: Int, panels: Int) {
    for r in 0..<rows {
      for p in 0..<panels { cve_prefetch2(addend + (r &* addendStep &+ p &* panelWidth)) }
    }
  }

  @inline(__always)
  func columns(_ panel: Int) -> LayerOutput.Columns { layer.columns(panel) }

  @inline(__always)
  func integerSums(_ panel: Int) -> Lanes? { layer.integerSums(panel) }

  @inline(__always)
  func write(_ sums: Lanes, panel: Int, row: Int, _ columns: LayerOutput.Columns) {
    let added = load(addend, row &* addendStep &+ panel &* panelWidth)
    layer.write(added + layer.value(sums, row: row, columns), panel: panel, row: row)
  }
}

/// A layer's output behind GELU, as `coarseGelu` has it.
struct LayerGelu: SumEnding {
  var layer: LayerOutput

  @inline(__always)
  func columns(_ panel: Int) -> LayerOutput.Columns { layer.columns(panel) }

  @inline(__always)
  func integerSums(_ panel: Int) -> Lanes? { layer.integerSums(panel) }

  @inline(__always)
  func write(_ sums: Lanes, panel: Int, row: Int, _ columns: LayerOutput.Columns) {
    layer.write(coarseGelu(layer.value(sums, row: row, columns)), panel: panel, row: row)
  }
}
