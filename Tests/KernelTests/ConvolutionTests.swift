import KernelInterface
import Testing

@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var pictures = 1
    var isMap = false
    var channels: Int
    var height: Int
    var width: Int
    var kernel: Int
    var stride: Int
    var padding = 0
    var outputs: Int
    var half = false
    var relu = false
    var table = false
    /// Floats after each row of a map.
    var gap = 0

    var testDescription: String {
      "\(pictures)x\(channels)x\(height)x\(width) \(isMap ? "map" : "picture") \(kernel)x\(kernel)"
        + "/\(stride) padding \(padding) to \(outputs) gap \(gap)"
    }
  }

  static let cases: [Case] = [
    Case(
      pictures: 3, channels: 3, height: 32, width: 32, kernel: 16, stride: 16, outputs: 20,
      table: true),
    Case(
      channels: 3, height: 31, width: 29, kernel: 7, stride: 2, padding: 3, outputs: 16, relu: true),
    Case(channels: 1, height: 5, width: 4, kernel: 3, stride: 1, padding: 1, outputs: 7),
    Case(channels: 2, height: 64, width: 64, kernel: 8, stride: 8, outputs: 40, half: true),
    Case(
      pictures: 2, isMap: true, channels: 16, height: 9, width: 14, kernel: 3, stride: 1,
      padding: 1, outputs: 33, relu: true),
    Case(
      isMap: true, channels: 8, height: 24, width: 16, kernel: 8, stride: 8, outputs: 17,
      table: true),
    Case(
      pictures: 2, isMap: true, channels: 5, height: 11, width: 8, kernel: 3, stride: 2, padding: 1,
      outputs: 16, half: true, gap: 3),
    Case(isMap: true, channels: 3, height: 4, width: 4, kernel: 1, stride: 1, outputs: 16),
  ]

  @Test(arguments: Implementation.all, cases)
  func matchesTheReference(implementation: Implementation, test: Case) {
    var values = Values(seed: 77)
    let rowStride = test.channels + test.gap
    let pixels = test.height * test.width
    let x = Buffer(
      values.array(test.pictures * pixels * (test.isMap ? rowStride : test.channels)))
    let window = test.kernel * test.kernel * test.channels
    let all = values.array(window * test.outputs)
    let weights = test.half ? all.map { Float(Float16($0)) } : all
    let panels = packed(weights, inputs: window, outputs: test.outputs)
    let (singles, halves) = (Buffer(panels), Buffer(panels.map { Float16($0) }))
    let bias = Buffer(values.array(test.outputs))
    var arguments = ConvolutionArguments(
      input: test.isMap
        ? .map(InputRows(x.constant, pictureStride: pixels, stride: rowStride))
        : .picture(x.constant), channels: test.channels, height: test.height, width: test.width,
      kernel: test.kernel, stride: test.stride, padding: test.padding,
      output: OutputRows(x.pointer, pictureStride: 0, stride: 0), pictures: test.pictures,
      outputChannels: test.outputs,
      weights: test.half
        ? PanelWeights(halves.pointer, element: .float16)
        : PanelWeights(singles.pointer, element: .float32),
      bias: bias.constant, activation: test.relu ? .relu : .none)
    let (rows, columns) = (arguments.outputHeight, arguments.outputWidth)
    let table = Buffer(values.array(rows * columns * test.outputs))
    if test.table { arguments.table = table.constant }
    // Written behind two rows of prefix.
    let tokens = rows * columns + 2
    func run(reversed: Bool) -> [Float] {
      let output = Buffer<Float>(repeating: -7, count: test.pictures * tokens * test.outputs)
      arguments.output = OutputRows(
        output.pointer, pictureStride: tokens, firstRow: 2, stride: test.outputs)
      runItems(arguments.itemCount, scratchBytes: arguments.scratchBytes, reversed: reversed) {
        implementation.kernels.convolution(arguments, item: $0, scratch: $1)
      }
      return output.array
    }

    func pixel(_ picture: Int, _ c: Int, _ y: Int, _ x0: Int) -> Double {
      guard y >= 0, y < test.height, x0 >= 0, x0 < test.width else { return 0 }
      return Double(
        test.isMap
          ? x.pointer[(picture * pixels + y * test.width + x0) * rowStride + c]
          : x.pointer[(picture * test.channels + c) * pixels + y * test.width + x0])
    }
    var expected: [Double] = []
    for picture in 0..<test.pictures {
      expected += Array(repeating: -7, count: 2 * test.outputs)
      for y in 0..<rows {
        for x in 0..<columns {
          var row: [Double] = []
          let (top, left) = (y * test.stride - test.padding, x * test.stride - test.padding)
          let side = 0..<test.kernel
          if test.isMap {
            for ky in side {
              for kx in side {
                for c in 0..<test.channels { row.append(pixel(picture, c, top + ky, left + kx)) }
              }
            }
          } else {
            for c in 0..<test.channels {
              for ky in side {
                for kx in side { row.append(pixel(picture, c, top + ky, left + kx)) }
              }
            }
          }
          let sums = referenceProduct(row, weights, outputs: test.outputs)
          for (n, sum) in sums.enumerated() {
            let index = (y * columns + x) * test.outputs + n
            expected.append(
              referenceActivation(sum + Double(bias.pointer[n]), test.relu ? .relu : .none)
                + (test.table ? Double(table.pointer[index]) : 0))
          }
        }
      }
    }
    let output = run(reversed: false)
    expectClose(output, expected, tolerance: 2e-5)
    #expect(bits(output) == bits(run(reversed: true)))
  }

  @Test(
    arguments: Implementation.all,
    [(1, 1, 4, 4, 3), (3, 1, 5, 7, 40), (5, 1, 6, 6, 33), (7, 3, 14, 14, 9), (7, 3, 4, 4, 70)])
  func depthwiseMatchesTheReference(
    implementation: Implementation, shape: (Int, Int, Int, Int, Int)
  ) {
    let (kernel, dilation, height, width, channels) = shape
    var values = Values(seed: 5)
    let pixels = height * width
    let x = Buffer(values.array(2 * (pixels + 1) * channels))
    let taps = Buffer(values.array(kernel * kernel * channels))
    let bias = Buffer(values.array(channels))
    for addsInput in [false, true] {
      let output = Buffer<Float>(repeating: -7, count: 2 * pixels * channels)
      let arguments = DepthwiseArguments(
        input: InputRows(x.constant, pictureStride: pixels + 1, firstRow: 1, stride: channels),
        output: OutputRows(output.pointer, pictureStride: pixels, stride: channels), pictures: 2,
        height: height, width: width, channels: channels, kernel: kernel, dilation: dilation,
        taps: taps.constant, bias: addsInput ? nil : bias.constant, addsInput: addsInput)
      runItems(arguments.itemCount) { item, _ in
        implementation.kernels.depthwise(arguments, item: item)
      }
      var expected: [Double] = []
      let reach = dilation * (kernel - 1) / 2
      for picture in 0..<2 {
        func pixel(_ y: Int, _ x0: Int, _ c: Int) -> Double {
          guard y >= 0, y < height, x0 >= 0, x0 < width else { return 0 }
          return Double(
            x.pointer[(picture * (pixels + 1) + 1 + y * width + x0) * channels + c])
        }
        for y in 0..<height {
          for x in 0..<width {
            for c in 0..<channels {
              var sum = addsInput ? pixel(y, x, c) : Double(bias.pointer[c])
              for tap in 0..<kernel * kernel {
                let (ky, kx) = tap.quotientAndRemainder(dividingBy: kernel)
                sum +=
                  pixel(y + ky * dilation - reach, x + kx * dilation - reach, c)
                  * Double(taps.pointer[tap * channels + c])
              }
              expected.append(sum)
            }
          }
        }
      }
      expectClose(output.array, expected, tolerance: 1e-5)
    }
  }
}
