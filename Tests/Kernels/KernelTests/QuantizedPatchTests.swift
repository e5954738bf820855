import KernelInterface
import Testing

/// A patch embedding in eight bits is a linear layer of rows that are patches.
@Suite struct QuantizedPatchTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var images = 1
    var channels: Int
    var rows: Int
    var columns: Int
    var patch: (height: Int, width: Int)
    var outputs: Int
    var hasTable = true
    /// Pixels below and beside the patches, which none of them has.
    var rest = 0

    var inputs: Int { channels * patch.height * patch.width }
    var testDescription: String {
      "\(images)x\(channels)x\(rows)x\(columns) of \(patch) \(outputs) rest \(rest)"
    }
  }

  static let cases = [
    Case(channels: 1, rows: 1, columns: 1, patch: (1, 1), outputs: 1),
    Case(channels: 3, rows: 1, columns: 1, patch: (5, 5), outputs: 17),
    Case(images: 3, channels: 3, rows: 2, columns: 5, patch: (3, 5), outputs: 31),
    Case(images: 2, channels: 4, rows: 3, columns: 2, patch: (7, 7), outputs: 48, rest: 6),
    Case(images: 3, channels: 1, rows: 5, columns: 3, patch: (16, 8), outputs: 33, hasTable: false),
    Case(images: 2, channels: 3, rows: 14, columns: 14, patch: (16, 16), outputs: 64, rest: 3),
  ]

  @Test(arguments: ByteProducts.tiled, cases)
  func isTheLayerOfItsPatches(products: ByteProducts, test: Case) {
    let (height, width) = (
      test.rows * test.patch.height + test.rest, test.columns * test.patch.width + test.rest
    )
    let count = test.rows * test.columns
    var values = Values(seed: 5)
    let images = Buffer(values.array(test.images * test.channels * height * width, scale: 2))
    let table = Buffer(values.array(count * test.outputs))
    var patches: [Float] = []
    for image in 0..<test.images {
      for patch in 0..<count {
        for c in 0..<test.channels {
          for y in 0..<test.patch.height {
            for x in 0..<test.patch.width {
              let line =
                (image * test.channels + c) * height + patch / test.columns * test.patch.height + y
              patches.append(
                images.array[line * width + patch % test.columns * test.patch.width + x])
            }
          }
        }
      }
    }
    let problem = QuantizedProblem(
      LinearTests.Case(
        images: test.images, rows: count, inputs: test.inputs, outputs: test.outputs),
      rows: patches)
    var expected = problem.run(products)
    if test.hasTable {
      for i in expected.output.indices {
        expected.output[i] += table.array[i % (count * test.outputs)]
      }
    }
    let convolution = ConvolutionArguments(
      for: products.implementation.tiles, input: .image(images.constant), channels: test.channels,
      height: height, width: width, kernel: test.patch, stride: test.patch,
      output: OutputRows(table.pointer, imageStride: 0, stride: 0), images: test.images,
      outputChannels: test.outputs, weights: problem.panels, bias: problem.bias.constant,
      table: test.hasTable ? table.constant : nil)
    for reversed in [false, true] {
      let found = problem.run(products, reversed: reversed, patchesOf: convolution)
      #expect(found.output.map(\.bitPattern) == expected.output.map(\.bitPattern))
      #expect(found.terms.map(\.bitPattern) == expected.terms.map(\.bitPattern))
    }
  }

  /// Windows that overlap, lie apart, begin outside or are taken from a map are no patches.
  @Test func otherWindowsAreNoPatches() {
    let pixels = Buffer<Float>(repeating: 0, count: 64)
    func patches(_ change: (inout ConvolutionArguments) -> Void) -> Patches? {
      var convolution = ConvolutionArguments(
        for: Implementation.all[0].tiles, input: .image(pixels.constant), channels: 1, height: 8,
        width: 8, kernel: (2, 2), stride: (2, 2),
        output: OutputRows(pixels.pointer, imageStride: 0, stride: 0), images: 1,
        outputChannels: 1, weights: PanelWeights(pixels.pointer, element: .int8))
      change(&convolution)
      return Patches(convolution)
    }
    #expect(patches { _ in } != nil)
    #expect(patches { $0.stride = (2, 1) } == nil)
    #expect(patches { $0.stride = (3, 2) } == nil)
    #expect(patches { $0.padding = 1 } == nil)
    #expect(
      patches { $0.input = .map(InputRows(pixels.constant, imageStride: 0, stride: 1)) } == nil)
  }
}
