package import KernelInterface

extension WideKernels {
  package static func convolution(
    _ arguments: ConvolutionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let blocking = a.blocking
    let block = blocking.block(item)
    let sums = scratch.assumingMemoryBound(to: Float.self)
    let prepared = sums + blocking.maximumSums
    switch a.input {
    case .image(let base):
      let plane = a.height &* a.width
      convolveImage(
        a, base + block.group &* a.channels &* plane, block, lines: prepared, sums: sums)
    case .map(let rows):
      convolveMap(
        a, rows.pointer(image: block.group, row: 0), rowStep: rows.stride, block,
        lines: prepared, sums: sums)
    }
  }
}

/// Puts the lines under one output line below each other, `[channel][ky][padded width]`: its windows
/// are then rows a stride apart, each a segment for every line.
private func convolveImage(
  _ a: ConvolutionArguments, _ image: UnsafePointer<Float>, _ block: ProductBlocking.Block,
  lines: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
) {
  let outputWidth = a.outputWidth
  let step = a.lineStride
  let left = LeftHand(
    start: UnsafePointer(lines), step: a.stride.width, segments: a.channels &* a.kernel.height,
    length: a.kernel.width, segmentStep: step)
  for outputLine in (block.rowStart / outputWidth)..<(block.rowEnd / outputWidth) {
    let top = outputLine &* a.stride.height &- a.padding
    var to = lines
    var plane = image
    for _ in 0..<a.channels {
      for y in top..<(top &+ a.kernel.height) {
        if y >= 0 && y < a.height {
          clear(to, a.padding)
          copy(plane + y &* a.width, to + a.padding, a.width)
          clear(to + a.padding + a.width, a.padding)
        } else {
          clear(to, step)
        }
        to += step
      }
      plane += a.height &* a.width
    }
    multiplyRows(a, block, left, firstRow: outputLine &* outputWidth, rows: outputWidth, sums)
  }
}

/// Multiplies windows where they lie: those of one output line are rows at one distance, each a
/// segment for every line of the window.
private func convolveMap(
  _ a: ConvolutionArguments, _ map: UnsafePointer<Float>, rowStep: Int,
  _ block: ProductBlocking.Block, lines: UnsafeMutablePointer<Float>,
  sums: UnsafeMutablePointer<Float>
) {
  let outputWidth = a.outputWidth
  let firstLine = block.rowStart / outputWidth
  let lastLine = block.rowEnd / outputWidth
  let firstInput = firstLine &* a.stride.height &- a.padding
  var source = UnsafePointer(lines)
  if a.padding == 0 && rowStep == a.channels {
    source = map + (firstInput &* a.lineStride)
  } else {
    let count = (lastLine &- firstLine &- 1) &* a.stride.height &+ a.kernel.height
    for line in 0..<count {
      copyLine(
        a, map, rowStep: rowStep, y: firstInput &+ line, into: lines + line &* a.lineStride)
    }
  }
  for line in firstLine..<lastLine {
    let left = LeftHand(
      start: source + (line &- firstLine) &* a.stride.height &* a.lineStride,
      step: a.stride.width &* a.channels, segments: a.kernel.height,
      length: a.kernel.width &* a.channels, segmentStep: a.lineStride)
    multiplyRows(a, block, left, firstRow: line &* outputWidth, rows: outputWidth, sums)
  }
}

/// Copies a line of a map between its padding.
private func copyLine(
  _ a: ConvolutionArguments, _ map: UnsafePointer<Float>, rowStep: Int, y: Int,
  into line: UnsafeMutablePointer<Float>
) {
  guard y >= 0, y < a.height else {
    clear(line, a.lineStride)
    return
  }
  let margin = a.padding &* a.channels
  clear(line, margin)
  var from = map + y &* a.width &* rowStep
  var to = line + margin
  for _ in 0..<a.width {
    copy(from, to, a.channels)
    from += rowStep
    to += a.channels
  }
  clear(to, margin)
}

/// Multiplies rows `firstRow..<firstRow + rows` of the output by the block's panels.
private func multiplyRows(
  _ a: ConvolutionArguments, _ block: ProductBlocking.Block, _ left: LeftHand, firstRow: Int,
  rows: Int, _ sums: UnsafeMutablePointer<Float>
) {
  var epilogue = Epilogue(
    output: a.output.pointer(image: block.group, row: firstRow), outputStep: a.output.stride,
    bias: a.bias, activation: a.activation, addend: nil, addendStep: 0)
  if let table = a.table {
    epilogue.addend = table + firstRow &* a.outputChannels
    epilogue.addendStep = a.outputChannels
  }
  multiply(
    left, rows: rows, firstPanel: block.panelStart, lastPanel: block.panelEnd,
    inputs: a.windowSize, columns: a.outputChannels, weights: a.weights, epilogue: epilogue,
    sums: sums)
}
