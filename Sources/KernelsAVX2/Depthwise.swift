package import KernelInterface

extension AVX2Kernels {
  package static func depthwise(_ arguments: DepthwiseArguments, item: Int) {
    let a = arguments
    let picture = item / a.height
    let y = item &- picture &* a.height
    let padding = a.dilation &* (a.kernel &- 1) / 2
    for x in 0..<a.width {
      let place = Window(a, picture: picture, y: y &- padding, x: x &- padding)
      let row = y &* a.width &+ x
      let output = a.output.pointer(picture: picture, row: row)
      let input = a.input.pointer(picture: picture, row: row)
      var c = 0
      while c &+ 32 <= a.channels {
        place.convolve32(a, c, center: input, output)
        c &+= 32
      }
      while c &+ 8 <= a.channels {
        place.convolve8(a, c, center: input, output)
        c &+= 8
      }
      while c < a.channels {
        place.convolve1(a, c, center: input, output)
        c &+= 1
      }
    }
  }
}

/// The taps of one window that lie inside the map. Sums run over them row by row.
private struct Window {
  /// Input row 0, column 0 of the picture.
  let map: UnsafePointer<Float>
  /// Row and column of tap 0, possibly outside.
  let y, x: Int

  @inline(__always)
  init(_ a: DepthwiseArguments, picture: Int, y: Int, x: Int) {
    map = a.input.pointer(picture: picture, row: 0)
    self.y = y
    self.x = x
  }

  @inline(__always)
  func convolve32(
    _ a: DepthwiseArguments, _ c: Int, center: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    var (s0, s1, s2, s3) = (Vector(), Vector(), Vector(), Vector())
    if let bias = a.bias {
      (s0, s1, s2, s3) = (
        load(bias, c), load(bias, c &+ 8), load(bias, c &+ 16), load(bias, c &+ 24)
      )
    }
    var row = y
    for ky in 0..<a.kernel {
      if row >= 0 && row < a.height {
        var taps = a.taps + (ky &* a.kernel &* a.channels &+ c)
        var column = x
        for _ in 0..<a.kernel {
          if column >= 0 && column < a.width {
            let pixel = map + ((row &* a.width &+ column) &* a.input.stride &+ c)
            s0.addProduct(load(taps, 0), load(pixel, 0))
            s1.addProduct(load(taps, 8), load(pixel, 8))
            s2.addProduct(load(taps, 16), load(pixel, 16))
            s3.addProduct(load(taps, 24), load(pixel, 24))
          }
          taps += a.channels
          column &+= a.dilation
        }
      }
      row &+= a.dilation
    }
    if a.addsInput {
      s0 += load(center, c)
      s1 += load(center, c &+ 8)
      s2 += load(center, c &+ 16)
      s3 += load(center, c &+ 24)
    }
    store(s0, output, c)
    store(s1, output, c &+ 8)
    store(s2, output, c &+ 16)
    store(s3, output, c &+ 24)
  }

  @inline(__always)
  func convolve8(
    _ a: DepthwiseArguments, _ c: Int, center: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>
  ) {
    var sum = Vector()
    if let bias = a.bias { sum = load(bias, c) }
    for ky in 0..<a.kernel {
      let row = y &+ ky &* a.dilation
      if row < 0 || row >= a.height { continue }
      for kx in 0..<a.kernel {
        let column = x &+ kx &* a.dilation
        if column < 0 || column >= a.width { continue }
        let pixel = map + (row &* a.width &+ column) &* a.input.stride
        sum.addProduct(load(a.taps, (ky &* a.kernel &+ kx) &* a.channels &+ c), load(pixel, c))
      }
    }
    if a.addsInput { sum += load(center, c) }
    store(sum, output, c)
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
        sum.addProduct(a.taps[(ky &* a.kernel &+ kx) &* a.channels &+ c], pixel[c])
      }
    }
    output[c] = a.addsInput ? sum + center[c] : sum
  }
}
