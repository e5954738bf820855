package import KernelInterface

extension WideKernels {
  package static func quantizedLinear(
    _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    multiplyQuantized(WidenedProduct.self, arguments, item: item, scratch: scratch)
  }
}

@inline(never)
func multiplyQuantized<Product: ByteProduct>(
  _: Product.Type, _ arguments: QuantizedLinearArguments, item: Int,
  scratch: UnsafeMutableRawPointer
) {
  let a = arguments.product
  let block = a.block(item)
  let rows = block.rowEnd &- block.rowStart
  guard rows > 0 else { return }
  // With one row in each image the sequence runs over images, otherwise over rows.
  let image = a.rows == 1 ? block.rowStart : block.group
  let row = a.rows == 1 ? 0 : block.rowStart
  var epilogue = Epilogue(
    output: a.output.pointer(image: image, row: row), outputStep: a.output.step(rows: a.rows),
    bias: a.bias, activation: a.activation, addend: nil, addendStep: 0, isCoarse: true)
  if let residual = a.residual {
    epilogue.addend = residual.pointer(image: image, row: row)
    epilogue.addendStep = residual.step(rows: a.rows)
  }
  let first = block.group &* a.rows &+ block.rowStart
  var start = UnsafeRawPointer(arguments.bytes) + first &* arguments.rowStride
  var stride = arguments.rowStride
  let panelBytes = arguments.groups &* 4 &* panelWidth
  let products = scratch.assumingMemoryBound(to: Float.self)
  let step = rows &* panelWidth
  let widened = scratch + a.blocking.maximumSums &* 4
  let widenedPanels = widened + 2 &* a.blocking.maximumRows &* arguments.rowStride
  if !Product.takesBytes {
    for row in 0..<rows {
      widenRow(
        (start + row &* stride).assumingMemoryBound(to: UInt8.self), arguments.groups,
        into: widened + 2 &* row &* stride)
    }
    start = UnsafeRawPointer(widened)
    stride = 2 &* stride
  }
  var panel = block.panelStart
  while panel < block.panelEnd {
    let panels = panelsOfTile(left: block.panelEnd &- panel, most: TileShape.quantizedPanels)
    let heights = TileHeights(rows, most: Product.rows(panels: panels))
    var left = ByteRows(
      start: start, step: stride, groupStep: Product.groupBytes, groups: arguments.groups)
    var right = BytePanels(
      start: arguments.weights.values + panel &* panelBytes, panelBytes: panelBytes,
      ahead: arguments.weights.values)
    var layer = LayerTerms(
      terms: UnsafePointer(arguments.terms) + 2 &* first,
      scales: arguments.weights.scales + panel &* panelWidth,
      sums: arguments.weights.sums + panel &* panelWidth)
    let after = right.start + panels &* panelBytes
    if !Product.takesBytes {
      for next in 0..<panels {
        widenPanel(
          right.start + next &* panelBytes, arguments.groups,
          into: widenedPanels + 2 &* next &* panelBytes)
      }
      right.start = UnsafeRawPointer(widenedPanels)
      right.panelBytes = 2 &* panelBytes
    }
    var row = 0
    for tile in 0..<heights.count {
      let height = heights[tile]
      // The first tiles ask for what is multiplied next, a panel each.
      right.ahead = tile < panels ? after + tile &* panelBytes : right.start
      let column = panel &* panelWidth
      let isWhole = column &+ panels &* panelWidth <= a.outputWidth
      let output = LayerOutput(
        layer: layer, bias: epilogue.bias.map { $0 + column },
        output: epilogue.output + (row &* epilogue.outputStep &+ column),
        outputStep: epilogue.outputStep)
      switch a.activation {
      case .none where isWhole:
        if let addend = epilogue.addend {
          let sum = LayerSum(
            layer: output, addend: addend + (row &* epilogue.addendStep &+ column),
            addendStep: epilogue.addendStep)
          sum.prefetch(rows: height, panels: panels)
          TileShape.multiplyQuantized(
            Product.self, height: height, panels: panels, left, right, sum)
        } else {
          TileShape.multiplyQuantized(
            Product.self, height: height, panels: panels, left, right, output)
        }
      case .gelu where isWhole && epilogue.addend == nil:
        TileShape.multiplyQuantized(
          Product.self, height: height, panels: panels, left, right, LayerGelu(layer: output))
      default:
        TileShape.multiplyQuantized(
          Product.self, height: height, panels: panels, left, right,
          LayerProduct(layer: layer, plain: PlainSum(products: products, step: step)))
        for next in 0..<panels {
          finishPanel(
            products + next &* step, rows: height, firstRow: row,
            column: column &+ next &* panelWidth, columns: a.outputWidth, epilogue)
        }
      }
      row &+= height
      left.start += height &* stride
      layer.terms += 2 &* height
    }
    panel &+= panels
  }
}
