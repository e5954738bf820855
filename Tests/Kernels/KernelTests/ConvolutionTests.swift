import KernelInterface
import Testing

@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var images = 1
    var isMap = false
    var channels: Int
    var height: Int
    var width: Int
    var kernel: Int
    /// The kernel's width and the stride across, where they are not square.
    var across: (kernel: Int, stride: Int)?
    var stride: Int
    var padding = 0
    var outputs: Int
    var half = false
    var activation = Activation.none
    var table = false
    /// Floats after each row of a map.
    var gap = 0
    /// By Winograd's F(2 x 4, 3 x 3).
    var isFiltered = false

    var kernels: (height: Int, width: Int) { (kernel, across?.kernel ?? kernel) }
    var strides: (height: Int, width: Int) { (stride, across?.stride ?? stride) }

    var testDescription: String {
      "\(images)x\(channels)x\(height)x\(width) \(isMap ? "map" : "image") "
        + "\(kernels.height)x\(kernels.width)/\(strides.height)x\(strides.width) padding \(padding) to \(outputs) gap \(gap)\(isFiltered ? " filtered" : "")"
        + " \(activation)"
    }

    static func filtered(
      images: Int = 1, channels: Int, height: Int, width: Int, outputs: Int, half: Bool = false,
      activation: Activation = .none, table: Bool = false, gap: Int = 0
    ) -> Case {
      Case(
        images: images, isMap: true, channels: channels, height: height, width: width,
        kernel: 3, stride: 1, padding: 1, outputs: outputs, half: half, activation: activation,
        table: table, gap: gap, isFiltered: true)
    }
  }

  static let cases: [Case] = [
    Case(
      images: 3, channels: 3, height: 32, width: 32, kernel: 16, stride: 16, outputs: 20,
      table: true),
    Case(
      channels: 3, height: 31, width: 29, kernel: 7, stride: 2, padding: 3, outputs: 16,
      activation: .relu),
    Case(channels: 1, height: 5, width: 4, kernel: 3, stride: 1, padding: 1, outputs: 7),
    Case(
      images: 2, channels: 4, height: 35, width: 29, kernel: 16, across: (8, 8), stride: 16,
      outputs: 20, table: true),
    Case(
      channels: 1, height: 32, width: 48, kernel: 4, across: (16, 16), stride: 4, outputs: 33,
      half: true),
    Case(
      images: 2, channels: 2, height: 11, width: 17, kernel: 3, across: (5, 1), stride: 2,
      padding: 2, outputs: 16, activation: .relu),
    Case(
      images: 2, isMap: true, channels: 6, height: 12, width: 9, kernel: 2, across: (3, 3),
      stride: 2, outputs: 18),
    Case(
      isMap: true, channels: 5, height: 9, width: 10, kernel: 3, across: (2, 3), stride: 1,
      padding: 1, outputs: 16, gap: 2),
    Case(channels: 2, height: 64, width: 64, kernel: 8, stride: 8, outputs: 40, half: true),
    Case(
      images: 2, isMap: true, channels: 16, height: 9, width: 14, kernel: 3, stride: 1,
      padding: 1, outputs: 33, activation: .relu),
    Case(
      isMap: true, channels: 8, height: 24, width: 16, kernel: 8, stride: 8, outputs: 17,
      table: true),
    Case(
      images: 2, isMap: true, channels: 5, height: 11, width: 8, kernel: 3, stride: 2, padding: 1,
      outputs: 16, half: true, gap: 3),
    Case(isMap: true, channels: 3, height: 4, width: 4, kernel: 1, stride: 1, outputs: 16),
    .filtered(images: 3, channels: 16, height: 9, width: 14, outputs: 48, activation: .relu),
    .filtered(channels: 64, height: 20, width: 31, outputs: 64, activation: .relu, table: true),
    .filtered(images: 2, channels: 48, height: 13, width: 18, outputs: 32, half: true, gap: 5),
    .filtered(channels: 32, height: 12, width: 8, outputs: 16, activation: .gelu, table: true),
    .filtered(channels: 64, height: 1, width: 67, outputs: 64, half: true, activation: .relu),
    .filtered(channels: 16, height: 7, width: 1, outputs: 80, table: true, gap: 16),
    .filtered(images: 2, channels: 16, height: 1, width: 1, outputs: 16),
    .filtered(channels: 16, height: 2, width: 4, outputs: 16),
    .filtered(channels: 16, height: 3, width: 6, outputs: 32),
  ]

  /// Direct sums and Winograd's F(2 x 4, 3 x 3), with every activation.
  static let activations = Activation.allCases.flatMap { activation -> [Case] in
    [
      Case(
        isMap: true, channels: 16, height: 5, width: 6, kernel: 3, stride: 1, padding: 1,
        outputs: 33, activation: activation, table: true),
      .filtered(
        channels: 16, height: 5, width: 7, outputs: 32, activation: activation, table: true),
    ]
  }

  @Test(arguments: Implementation.tiled, cases + activations)
  func matchesTheReference(implementation: Implementation, test: Case) {
    var values = Values(seed: 77)
    let rowStride = test.channels + test.gap
    let pixels = test.height * test.width
    let x = Buffer(
      values.array(test.images * (pixels + 2) * (test.isMap ? rowStride : test.channels)))
    if test.isMap {
      // What lies between rows and around maps must not matter.
      for row in 0..<test.images * (pixels + 2) {
        let isInside = (1...pixels).contains(row % (pixels + 2))
        for c in (isInside ? test.channels : 0)..<rowStride {
          x.pointer[row * rowStride + c] = .nan
        }
      }
    }
    let window = test.kernels.height * test.kernels.width * test.channels
    let all = values.array(window * test.outputs)
    let weights = test.half ? all.map { Float(Float16($0)) } : all
    let panels = packed(weights, inputs: window, outputs: test.outputs)
    let (singles, halves) = (Buffer(panels), Buffer(panels.map { Float16($0) }))
    let bias = Buffer(values.array(test.outputs))
    var arguments = ConvolutionArguments(
      for: implementation.tiles,
      input: test.isMap
        ? .map(
          InputRows(x.constant, imageStride: pixels + 2, firstRow: 1, stride: rowStride))
        : .image(x.constant), channels: test.channels, height: test.height, width: test.width,
      kernel: test.kernels, stride: test.strides, padding: test.padding,
      output: OutputRows(x.pointer, imageStride: 0, stride: 0), images: test.images,
      outputChannels: test.outputs,
      weights: test.half
        ? PanelWeights(halves.pointer, element: .float16)
        : PanelWeights(singles.pointer, element: .float32),
      bias: bias.constant, activation: test.activation)
    let (rows, columns) = (arguments.outputHeight, arguments.outputWidth)
    let table = Buffer(values.array(rows * columns * test.outputs))
    if test.table { arguments.table = table.constant }
    // Written behind two rows of prefix.
    let tokens = rows * columns + 2
    func run(reversed: Bool) -> [Float] {
      let output = Buffer<Float>(repeating: -7, count: test.images * tokens * test.outputs)
      arguments.output = OutputRows(
        output.pointer, imageStride: tokens, firstRow: 2, stride: test.outputs)
      if test.isFiltered {
        implementation.filter(arguments, reversed: reversed)
      } else {
        runItems(arguments.items.count, scratchBytes: arguments.scratchBytes, reversed: reversed) {
          implementation.kernels.convolution(arguments, item: $0, scratch: $1)
        }
      }
      return output.array
    }

    func pixel(_ image: Int, _ c: Int, _ y: Int, _ x0: Int) -> Double {
      guard y >= 0, y < test.height, x0 >= 0, x0 < test.width else { return 0 }
      return Double(
        test.isMap
          ? x.pointer[(image * (pixels + 2) + 1 + y * test.width + x0) * rowStride + c]
          : x.pointer[(image * test.channels + c) * pixels + y * test.width + x0])
    }
    var expected: [Double] = []
    for image in 0..<test.images {
      expected += Array(repeating: -7, count: 2 * test.outputs)
      for y in 0..<rows {
        for x in 0..<columns {
          var row: [Double] = []
          let top = y * test.strides.height - test.padding
          let left = x * test.strides.width - test.padding
          let (down, across) = (0..<test.kernels.height, 0..<test.kernels.width)
          if test.isMap {
            for ky in down {
              for kx in across {
                for c in 0..<test.channels { row.append(pixel(image, c, top + ky, left + kx)) }
              }
            }
          } else {
            for c in 0..<test.channels {
              for ky in down {
                for kx in across { row.append(pixel(image, c, top + ky, left + kx)) }
              }
            }
          }
          let sums = referenceProduct(row, weights, outputs: test.outputs)
          for (n, sum) in sums.enumerated() {
            let index = (y * columns + x) * test.outputs + n
            expected.append(
              referenceActivation(sum + Double(bias.pointer[n]), test.activation)
                + (test.table ? Double(table.pointer[index]) : 0))
          }
        }
      }
    }
    let output = run(reversed: false)
    expectClose(output, expected, tolerance: 2e-5)
    #expect(bits(output) == bits(run(reversed: true)))
  }

  @Test(arguments: Implementation.all)
  func filteredImagesOfABatchHaveTheBitsOfEachAlone(implementation: Implementation) {
    let (height, width, channels, outputs) = (17, 29, 32, 48)
    let pixels = height * width
    var values = Values(seed: 8)
    let x = Buffer(values.array(3 * pixels * channels))
    let weights = Buffer(
      packed(values.array(9 * channels * outputs), inputs: 9 * channels, outputs: outputs))
    func run(first: Int, images: Int) -> [Float] {
      let output = Buffer<Float>(repeating: 0, count: images * pixels * outputs)
      implementation.filter(
        ConvolutionArguments(
          for: implementation.tiles,
          input: .map(
            InputRows(
              x.constant + first * pixels * channels, imageStride: pixels, stride: channels)),
          channels: channels, height: height, width: width, kernel: (3, 3), stride: (1, 1),
          padding: 1, output: OutputRows(output.pointer, imageStride: pixels, stride: outputs),
          images: images, outputChannels: outputs,
          weights: PanelWeights(weights.pointer, element: .float32)))
      return output.array
    }
    let all = run(first: 0, images: 3)
    for image in 0..<3 {
      let range = image * pixels * outputs..<(image + 1) * pixels * outputs
      #expect(bits(run(first: image, images: 1)) == bits(Array(all[range])))
    }
  }

  @Test func largePaddedMapsOfWholePanelsAreFiltered() {
    let x = Buffer<Float>(repeating: 0, count: 1)
    func isFiltered(_ test: Case) -> Bool {
      ConvolutionArguments(
        for: Implementation.all[0].tiles,
        input: test.isMap
          ? .map(InputRows(x.constant, imageStride: 0, stride: 0)) : .image(x.constant),
        channels: test.channels, height: test.height, width: test.width, kernel: test.kernels,
        stride: test.strides, padding: test.padding,
        output: OutputRows(x.pointer, imageStride: 0, stride: 0), images: test.images,
        outputChannels: test.outputs, weights: PanelWeights(x.pointer, element: .float32)
      ).isWorthWinograd
    }
    let stem = Case.filtered(channels: 64, height: 112, width: 112, outputs: 64)
    #expect(isFiltered(stem))
    func changed(_ change: (inout Case) -> Void) -> Case {
      var test = stem
      change(&test)
      return test
    }
    #expect(isFiltered(changed { $0.images = 5 }))
    #expect(isFiltered(changed { ($0.height, $0.width) = (23, 29) }))
    for other in [
      changed { $0.isMap = false }, changed { $0.channels = 60 }, changed { $0.outputs = 63 },
      changed { $0.kernel = 1 }, changed { $0.across = (2, 1) }, changed { $0.stride = 2 },
      changed { $0.padding = 0 },
      changed { ($0.height, $0.width) = (14, 14) }, changed { $0.channels = 272 },
    ] {
      #expect(!isFiltered(other), "\(other)")
    }
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
    let weights = Buffer(values.array(kernel * kernel * channels))
    let bias = Buffer(values.array(channels))
    for addsInput in [false, true] {
      let output = Buffer<Float>(repeating: -7, count: 2 * pixels * channels)
      let arguments = DepthwiseArguments(
        input: InputRows(x.constant, imageStride: pixels + 1, firstRow: 1, stride: channels),
        output: OutputRows(output.pointer, imageStride: pixels, stride: channels), images: 2,
        height: height, width: width, channels: channels, kernel: kernel, dilation: dilation,
        weights: weights.constant, bias: addsInput ? nil : bias.constant, addsInput: addsInput)
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.depthwise(arguments, item: item)
      }
      var expected: [Double] = []
      let reach = dilation * (kernel - 1) / 2
      for image in 0..<2 {
        func pixel(_ y: Int, _ x0: Int, _ c: Int) -> Double {
          guard y >= 0, y < height, x0 >= 0, x0 < width else { return 0 }
          return Double(
            x.pointer[(image * (pixels + 1) + 1 + y * width + x0) * channels + c])
        }
        for y in 0..<height {
          for x in 0..<width {
            for c in 0..<channels {
              var sum = addsInput ? pixel(y, x, c) : Double(bias.pointer[c])
              for tap in 0..<kernel * kernel {
                let (ky, kx) = tap.quotientAndRemainder(dividingBy: kernel)
                sum +=
                  pixel(y + ky * dilation - reach, x + kx * dilation - reach, c)
                  * Double(weights.pointer[tap * channels + c])
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

extension Implementation {
  /// Runs a convolution by Winograd's F(2 x 4, 3 x 3).
  fileprivate func filter(_ convolution: ConvolutionArguments, reversed: Bool = false) {
    let weights = Buffer<Float>(
      repeating: .nan, count: WinogradArguments.weightCount(convolution))
    let arguments = WinogradArguments(convolution, weights: weights.pointer)
    runItems(arguments.weightItems.count, reversed: reversed) { item, _ in
      kernels.winogradWeights(arguments, item: item)
    }
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes, reversed: reversed) {
      kernels.winograd(arguments, item: $0, scratch: $1)
    }
  }
}
