package import KernelInterface

extension WideKernels {
  package static func depthwise(_ arguments: DepthwiseArguments, item: Int) {
    let a = arguments
    let image = item / a.height
    let y = item &- image &* a.height
    let padding = a.dilation &* (a.kernel &- 1) / 2
    for x in 0..<a.width {
      let place = Window(a, image: image, y: y &- padding, x: x &- padding)
      let row = y &* a.width &+ x
      let output = a.output.pointer(image: image, row: row)
      let input = a.input.pointer(image: image, row: row)
      var c = 0
      while c &+ 4 &* lanes <= a.channels {
        place.convolve(Channels<4>.self, a, c, center: input, output)
        c &+= 4 &* lanes
      }
      while c &+ lanes <= a.channels {
        place.convolve(Channels<1>.self, a, c, center: input, output)
        c &+= lanes
      }
      while c < a.channels {
        place.convolve1(a, c, center: input, output)
        c &+= 1
      }
    }
  }
}

/// How many vectors of channels are convolved together.
private enum Channels<let vectors: Int> {}

/// The pixels of one window that lie inside the map. Sums run over them row by row.
private struct Window {
  /// Input row 0, column 0 of the image.
  let map: UnsafePointer<Float>
  /// Row and column of the window's first pixel, possibly outside.
  let y, x: Int

  @inline(__always)
  init(_ a: DepthwiseArguments, image: Int, y: Int, x: Int) {
    map = a.input.pointer(image: image, row: 0)
    self.y = y
    self.x = x
  }

  @inline(__always)
  func convolve<let vectors: Int>(
    _: Channels<vectors>.Type, _ a: DepthwiseArguments, _ c: Int, center: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    var sums = InlineArray<vectors, Vector>(repeating: Vector())
    if let bias = a.bias {
      for i in 0..<vectors { sums[i] = load(bias, c &+ i &* lanes) }
    }
    var row = y
    for ky in 0..<a.kernel {
      if row >= 0 && row < a.height {
        var weights = a.weights + (ky &* a.kernel &* a.channels &+ c)
        var column = x
        for _ in 0..<a.kernel {
          if column >= 0 && column < a.width {
            let pixel = map + ((row &* a.width &+ column) &* a.input.stride &+ c)
            for i in 0..<vectors {
              sums[i].addProduct(load(weights, i &* lanes), load(pixel, i &* lanes))
            }
          }
          weights += a.channels
          column &+= a.dilation
        }
      }
      row &+= a.dilation
    }
    for i in 0..<vectors {
      if a.addsInput { sums[i] += load(center, c &+ i &* lanes) }
      store(sums[i], output, c &+ i &* lanes)
    }
  }

  @inline(__always)
  func convolve1(
    _ a: DepthwiseArguments, _ c: Int, center: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    var sum: Float = 0
    if let bias = a.bias { sum = bias[c] }
    for ky in 0..<a.kernel {
      let row = y &+ ky &* a.dilation
      if row < 0 || row >= a.height { continue }
      for kx in 0..<a.kernel {
        let column = x &+ kx &* a.dilation
        if column < 0 || column >= a.width { continue }
        let pixel = map + (row &* a.width &+ column) &* a.input.stride
        sum.addProduct(a.weights[(ky &* a.kernel &+ kx) &* a.channels &+ c], pixel[c])
      }
    }
    output[c] = a.addsInput ? sum + center[c] : sum
  }
}
