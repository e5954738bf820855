package import KernelInterface

extension PortableKernels {
  package static func winograd(
    _ arguments: WinogradArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments.convolution
    let (image, tiles) = arguments.block(item)
    let inputs = scratch.assumingMemoryBound(to: Float.self)
    let sums = inputs + WinogradArguments.points * arguments.inputStride
    let window = sums + WinogradArguments.points * arguments.sumStride
    func corner(_ tile: Int) -> (y: Int, x: Int) {
      let (line, column) = tile.quotientAndRemainder(dividingBy: arguments.tilesAcross)
      return (2 * line, 4 * column)
    }
    for (index, tile) in tiles.enumerated() {
      let (y, x) = corner(tile)
      gatherWindow(a, image: image, top: y - 1, left: x - 1, height: 4, width: 6, into: window)
      transformInput(
        window, channels: a.channels, to: inputs + index * a.channels,
        step: arguments.inputStride)
    }
    let limit = a.tiles.winogradTiles
    for first in stride(from: 0, to: tiles.count, by: limit) {
      let group = first..<min(first + limit, tiles.count)
      for panel in 0..<a.outputChannels / PanelLayout.width {
        for point in 0..<WinogradArguments.points {
          let matrix = panel * WinogradArguments.points + point
          let weights = arguments.weights + matrix * a.channels * PanelLayout.width
          multiply(
            LeftHand(
              start: UnsafePointer(inputs + point * arguments.inputStride + first * a.channels),
              step: a.channels), rows: group.count, panels: 0..<1, inputs: a.channels,
            columns: PanelLayout.width,
            weights: PanelWeights(weights, element: .float32),
            epilogue: Epilogue(
              output: sums + point * arguments.sumStride, outputStep: PanelLayout.width, bias: nil,
              activation: .none, addend: nil, addendStep: 0))
        }
        for index in group {
          let (y, x) = corner(tiles.lowerBound + index)
          for line in 0..<min(2, a.height - y) {
            let row = (y + line) * a.width + x
            finishLine(
              line, UnsafePointer(sums + (index - first) * PanelLayout.width),
              step: arguments.sumStride, count: min(4, a.width - x),
              column: panel * PanelLayout.width, columns: a.outputChannels,
              Epilogue(
                output: a.output.pointer(image: image, row: row),
                outputStep: a.output.stride, bias: a.bias, activation: a.activation,
                addend: a.table.map { $0 + row * a.outputChannels },
                addendStep: a.outputChannels))
          }
        }
      }
    }
  }
}

/// The point of F(4, 3) near zero.
private let near: Float = 0.625

/// The point of F(4, 3) far from zero.
private let far: Float = 1.5

/// `B4 d B6` of a tile's pixels `[4][6][channels]`.
private func transformInput(
  _ pixels: UnsafeMutablePointer<Float>, channels: Int, to place: UnsafeMutablePointer<Float>,
  step: Int
) {
  let (n2, f2) = (near * near, far * far)
  for channel in stride(from: 0, to: channels, by: 8) {
    func pixel(_ line: Int, _ column: Int) -> Vector {
      pixels.vector((line * 6 + column) * channels + channel)
    }
    for line in 0..<4 {
      func d(_ column: Int) -> Vector {
        switch line {
        case 0: pixel(2, column) - pixel(0, column)
        case 1: pixel(1, column) + pixel(2, column)
        case 2: pixel(2, column) - pixel(1, column)
        default: pixel(3, column) - pixel(1, column)
        }
      }
      func store(_ value: Vector, _ point: Int) {
        place.store(value, (line * 6 + point) * step + channel)
      }
      let (d1, d2, d3, d4) = (d(1), d(2), d(3), d(4))
      store(d(0) * (n2 * f2) + (d4 - d2 * (n2 + f2)), 0)
      let (nearEven, nearOdd) = (d4 - d2 * f2, (d3 - d1 * f2) * near)
      store(nearEven + nearOdd, 1)
      store(nearEven - nearOdd, 2)
      let (farEven, farOdd) = (d4 - d2 * n2, (d3 - d1 * n2) * far)
      store(farEven + farOdd, 3)
      store(farEven - farOdd, 4)
      store(d1 * (n2 * f2) + (d(5) - d3 * (n2 + f2)), 5)
    }
  }
}

/// `A4 m A6` for the first `count` pixels of one line of a tile, finished and written.
private func finishLine(
  _ line: Int, _ sums: UnsafePointer<Float>, step: Int, count: Int, column: Int, columns: Int,
  _ epilogue: Epilogue
) {
  func pixels(_ half: Int) -> InlineArray<4, Vector> {
    func sum(_ point: Int) -> Vector {
      func at(_ line: Int) -> Vector { sums.vector((line * 6 + point) * step + half) }
      return line == 0 ? at(0) + (at(1) + at(2)) : (at(1) - at(2)) + at(3)
    }
    let (n0, n1, f0, f1) = (sum(1), sum(2), sum(3), sum(4))
    let (nearSum, nearDifference) = (n0 + n1, (n0 - n1) * near)
    let (farSum, farDifference) = (f0 + f1, (f0 - f1) * far)
    let (n2, f2) = (near * near, far * far)
    return [
      sum(0) + (nearSum + farSum), nearDifference + farDifference, nearSum * n2 + farSum * f2,
      (nearDifference * n2 + farDifference * f2) + sum(5),
    ]
  }
  let (low, high) = (pixels(0), pixels(8))
  for pixel in 0..<count {
    epilogue.apply(low[pixel], high[pixel], row: pixel, column: column, columns: columns)
  }
}
