package import KernelInterface

extension PortableKernels {
  package static func convolution(
    _ arguments: ConvolutionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let block = a.blocking.block(item)
    let window = scratch.assumingMemoryBound(to: Float.self)
    for row in block.rowStart..<block.rowEnd {
      let (y, x) = row.quotientAndRemainder(dividingBy: a.outputWidth)
      gatherWindow(
        a, image: block.group, top: y * a.stride.height - a.padding,
        left: x * a.stride.width - a.padding, height: a.kernel.height, width: a.kernel.width,
        into: window)
      multiply(
        LeftHand(start: UnsafePointer(window), step: 0), rows: 1,
        panels: block.panelStart..<block.panelEnd, inputs: a.windowSize,
        columns: a.outputChannels, weights: a.weights,
        epilogue: Epilogue(
          output: a.output.pointer(image: block.group, row: row), outputStep: 0, bias: a.bias,
          activation: a.activation, addend: a.table.map { $0 + row * a.outputChannels },
          addendStep: 0))
    }
  }

  package static func depthwise(_ arguments: DepthwiseArguments, item: Int) {
    let a = arguments
    let (image, y) = item.quotientAndRemainder(dividingBy: a.height)
    let padding = a.dilation * (a.kernel - 1) / 2
    for x in 0..<a.width {
      let output = a.output.pointer(image: image, row: y * a.width + x)
      for c in 0..<a.channels { output[c] = a.bias?[c] ?? 0 }
      for ky in 0..<a.kernel {
        let row = y + ky * a.dilation - padding
        guard row >= 0, row < a.height else { continue }
        for kx in 0..<a.kernel {
          let column = x + kx * a.dilation - padding
          guard column >= 0, column < a.width else { continue }
          let input = a.input.pointer(image: image, row: row * a.width + column)
          let weights = a.weights + (ky * a.kernel + kx) * a.channels
          for c in 0..<a.channels { output[c] += weights[c] * input[c] }
        }
      }
      if a.addsInput {
        let input = a.input.pointer(image: image, row: y * a.width + x)
        for c in 0..<a.channels { output[c] += input[c] }
      }
    }
  }
}

/// Writes the window at (`top`, `left`) in the order of the weights, zeros outside the input.
func gatherWindow(
  _ a: ConvolutionArguments, image: Int, top: Int, left: Int, height: Int, width: Int,
  into window: UnsafeMutablePointer<Float>
) {
  var place = window
  switch a.input {
  case .image(let base):
    for channel in 0..<a.channels {
      let plane = base + (image * a.channels + channel) * a.height * a.width
      for ky in 0..<height {
        let y = top + ky
        for kx in 0..<width {
          let x = left + kx
          let isInside = y >= 0 && y < a.height && x >= 0 && x < a.width
          place[kx] = isInside ? plane[y * a.width + x] : 0
        }
        place += width
      }
    }
  case .map(let rows):
    for ky in 0..<height {
      for kx in 0..<width {
        let (y, x) = (top + ky, left + kx)
        if y >= 0 && y < a.height && x >= 0 && x < a.width {
          place.update(
            from: rows.pointer(image: image, row: y * a.width + x), count: a.channels)
        } else {
          place.update(repeating: 0, count: a.channels)
        }
        place += a.channels
      }
    }
  }
}
