package import KernelInterface

extension AVX2Kernels {
  package static func convolution(
    _ arguments: ConvolutionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let block = a.blocking.block(item)
    let sums = scratch.assumingMemoryBound(to: Float.self)
    let prepared = sums + (block.rowEnd &- block.rowStart) &* PanelLayout.width
    switch a.input {
    case .picture(let base):
      let plane = a.height &* a.width
      convolvePicture(
        a, base + block.group &* a.channels &* plane, block, windows: prepared, sums: sums)
    case .map(let rows):
      convolveMap(
        a, rows.pointer(picture: block.group, row: 0), rowStep: rows.stride, block,
        lines: prepared, sums: sums)
    }
  }
}

/// Gathers the block's windows as rows, then multiplies.
private func convolvePicture(
  _ a: ConvolutionArguments, _ picture: UnsafePointer<Float>, _ block: ProductBlocking.Block,
  windows: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
) {
  let step = a.windowStride
  let outputWidth = a.outputWidth
  var y = block.rowStart / outputWidth
  var x = block.rowStart &- y &* outputWidth
  var window = windows
  for _ in block.rowStart..<block.rowEnd {
    gatherWindow(
      a, picture, top: y &* a.stride &- a.padding, left: x &* a.stride &- a.padding, into: window)
    window += step
    x &+= 1
    if x == outputWidth {
      x = 0
      y &+= 1
    }
  }
  let left = LeftHand(
    start: UnsafePointer(windows), step: step, segments: 1, length: a.windowSize, segmentStep: 0)
  multiplyRows(a, block, left, firstRow: block.rowStart, rows: block.rowEnd &- block.rowStart, sums)
}

/// Writes the window at (`top`, `left`) as `[channel][ky][kx]`, zeros outside the picture.
@inline(__always)
private func gatherWindow(
  _ a: ConvolutionArguments, _ picture: UnsafePointer<Float>, top: Int, left: Int,
  into window: UnsafeMutablePointer<Float>
) {
  let kernel = a.kernel
  let isInside =
    top >= 0 && left >= 0 && top &+ kernel <= a.height && left &+ kernel <= a.width
  // Eight elements at a time may reach past a line's end: the next line of the window overwrites what
  // was too much, and the scratch has room behind the last.
  let wideLoads = (kernel &+ 7) & ~7
  let isWide = isInside && left &+ wideLoads <= a.width
  var place = window
  var plane = picture
  for _ in 0..<a.channels {
    for ky in 0..<kernel {
      let y = top &+ ky
      if isWide {
        let line = plane + (y &* a.width &+ left)
        var kx = 0
        while kx < kernel {
          store(load(line, kx), place, kx)
          kx &+= 8
        }
      } else {
        let lineIsInside = y >= 0 && y < a.height
        for kx in 0..<kernel {
          let x = left &+ kx
          place[kx] = lineIsInside && x >= 0 && x < a.width ? plane[y &* a.width &+ x] : 0
        }
      }
      place += kernel
    }
    plane += a.height &* a.width
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
  let firstInput = firstLine &* a.stride &- a.padding
  var source = UnsafePointer(lines)
  if a.padding == 0 && rowStep == a.channels {
    source = map + (firstInput &* a.lineStride)
  } else {
    let count = (lastLine &- firstLine &- 1) &* a.stride &+ a.kernel
    for line in 0..<count {
      copyLine(
        a, map, rowStep: rowStep, y: firstInput &+ line, into: lines + line &* a.lineStride)
    }
  }
  for line in firstLine..<lastLine {
    let left = LeftHand(
      start: source + (line &- firstLine) &* a.stride &* a.lineStride,
      step: a.stride &* a.channels, segments: a.kernel, length: a.kernel &* a.channels,
      segmentStep: a.lineStride)
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
    output: a.output.pointer(picture: block.group, row: firstRow), outputStep: a.output.stride,
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
