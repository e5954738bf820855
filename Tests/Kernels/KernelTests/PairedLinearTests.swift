import KernelInterface
import Testing

@Suite(.enabled(if: !Implementation.wide.isEmpty, "needs AVX2"))
struct PairedLinearTests {
  typealias Case = LinearTests.Case

  /// Inputs that are and are not multiples of three and of a vector; one slice and several.
  static let cases: [Case] = [
    Case(rows: 1, inputs: 1, outputs: 16),
    Case(rows: 2, inputs: 2, outputs: 32, bias: false),
    Case(rows: 3, inputs: 3, outputs: 48, activation: .relu),
    Case(rows: 13, inputs: 47, outputs: 64, half: true, activation: .gelu, residual: true),
    Case(rows: 24, inputs: 48, outputs: 16, norm: true),
    Case(rows: 35, inputs: 49, outputs: 80, norm: true, activation: .gelu, residual: true),
    Case(rows: 197, inputs: 192, outputs: 96, norm: true, residual: true),
    Case(rows: 139, inputs: 100, outputs: 160, half: true, norm: true, activation: .gelu),
    Case(images: 3, rows: 17, inputs: 98, outputs: 48, norm: true, residual: true, margin: 2),
    Case(images: 2, rows: 98, inputs: 144, outputs: 64, activation: .gelu),
    Case(rows: 69, inputs: 1537, outputs: 48, residual: true),
    Case(images: 2, rows: 21, inputs: 770, outputs: 32, half: true, margin: 1),
  ]

  static let activations = Activation.allCases.map {
    Case(rows: 26, inputs: 98, outputs: 48, norm: true, activation: $0, residual: true)
  }

  @Test(arguments: Implementation.tiledInPairs, cases + activations)
  func matchesTheReference(implementation: Implementation, test: Case) {
    let problem = LinearProblem(test)
    let output = problem.run(implementation, inPairs: true)
    expectClose(output, problem.reference(), tolerance: 1e-6 * Double(max(10, test.inputs / 20)))
    #expect(bits(output) == bits(problem.run(implementation, reversed: true, inPairs: true)))
  }

  @Test(arguments: Implementation.tiledInPairs, [false, true])
  func everyTileMatchesTheReference(implementation: Implementation, half: Bool) {
    for rows in 1...20 {
      for outputs in [16, 32, 48, 144] {
        let problem = LinearProblem(
          Case(rows: rows, inputs: 20, outputs: outputs, half: half, residual: rows % 2 == 0))
        expectClose(
          problem.run(implementation, inPairs: true), problem.reference(), tolerance: 1e-5,
          "\(rows) rows, \(outputs) columns")
      }
    }
  }

  @Test(
    .enabled(if: Implementation.wide.count > 1, "needs AVX-512"), arguments: cases + activations)
  func bitsDoNotDependOnTheWidthOfRegisters(test: Case) {
    let problem = LinearProblem(test)
    let results = Implementation.wide.map { bits(problem.run($0, inPairs: true)) }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test(arguments: Implementation.wide)
  func bitsDoNotDependOnTheBatch(implementation: Implementation) {
    var test = Case(
      images: 3, rows: 37, inputs: 770, outputs: 64, norm: true, activation: .gelu,
      residual: true)
    let together = LinearProblem(test)
    let all = together.run(implementation, inPairs: true)
    test.images = 1
    for image in 0..<3 {
      let alone = LinearProblem(test, image: image, of: together)
      let range = image * 37 * 64..<(image + 1) * 37 * 64
      #expect(bits(alone.run(implementation, inPairs: true)) == bits(Array(all[range])))
    }
  }

  /// Rows a million times larger or smaller than the weights lose no digits: without scaling the
  /// errors would be that much larger.
  @Test(arguments: Implementation.wide, [1e-6, 1, 1e6] as [Float])
  func rowsOfEverySizeAreAsExact(implementation: Implementation, size: Float) {
    let (rows, inputs, outputs) = (19, 192, 32)
    var values = Values(seed: 12)
    let x = values.array(rows * inputs, scale: size)
    let weights = values.array(inputs * outputs, scale: 0.05)
    let (input, panels) = (Buffer(x), Buffer(packed(weights, inputs: inputs, outputs: outputs)))
    let output = Buffer<Float>(repeating: .nan, count: rows * outputs)
    implementation.multiplyInPairs(
      LinearArguments(
        for: implementation.tiles,
        input: InputRows(input.constant, imageStride: rows, stride: inputs),
        output: OutputRows(output.pointer, imageStride: rows, stride: outputs), images: 1,
        rows: rows, inputWidth: inputs, outputWidth: outputs,
        weights: PanelWeights(panels.pointer, element: .float32)))
    let expected = (0..<rows).flatMap { row in
      referenceProduct(
        x[row * inputs..<(row + 1) * inputs].map(Double.init), weights, outputs: outputs)
    }
    expectClose(
      output.array.map { $0 / size }, expected.map { $0 / Double(size) }, tolerance: 1e-6)
  }

  @Test(arguments: Implementation.wide)
  func rowsOfZerosGiveTheBias(implementation: Implementation) {
    let zeros = Buffer<Float>(repeating: 0, count: 20 * 48)
    let bias = Buffer((0..<16).map { Float($0) })
    let output = Buffer<Float>(repeating: .nan, count: 20 * 16)
    var values = Values(seed: 3)
    let panels = Buffer(packed(values.array(48 * 16), inputs: 48, outputs: 16))
    implementation.multiplyInPairs(
      LinearArguments(
        for: implementation.tiles,
        input: InputRows(zeros.constant, imageStride: 20, stride: 48),
        output: OutputRows(output.pointer, imageStride: 20, stride: 16), images: 1, rows: 20,
        inputWidth: 48, outputWidth: 16, weights: PanelWeights(panels.pointer, element: .float32),
        bias: bias.constant))
    expectClose(output.array, (0..<320).map { Double($0 % 16) }, tolerance: 1e-6)
  }

  @Test(arguments: Implementation.wide)
  func rowsMayBeScaledWhereTheyLie(implementation: Implementation) {
    let (images, rows, inputs, outputs) = (3, 17, 100, 48)
    var values = Values(seed: 21)
    let x = values.array(images * (rows + 2) * inputs, scale: 9)
    let panels = Buffer(
      packed(values.array(inputs * outputs), inputs: inputs, outputs: outputs))
    func run(inPlace: Bool) -> (input: [Float], output: [Float]) {
      let input = Buffer(x)
      let output = Buffer<Float>(repeating: .nan, count: images * rows * outputs)
      let place = OutputRows(input.pointer, imageStride: rows + 2, firstRow: 1, stride: inputs)
      implementation.multiplyInPairs(
        LinearArguments(
          for: implementation.tiles,
          input: InputRows(place),
          output: OutputRows(output.pointer, imageStride: rows, stride: outputs),
          images: images, rows: rows, inputWidth: inputs, outputWidth: outputs,
          weights: PanelWeights(panels.pointer, element: .float32)),
        in: inPlace ? place : nil)
      return (input.array, output.array)
    }
    let (apart, inPlace) = (run(inPlace: false), run(inPlace: true))
    #expect(bits(apart.output) == bits(inPlace.output))
    #expect(bits(apart.input) == bits(x))
    for row in 0..<images * (rows + 2) {
      let range = row * inputs..<(row + 1) * inputs
      let isMargin = row % (rows + 2) == 0 || row % (rows + 2) == rows + 1
      #expect((bits(Array(inPlace.input[range])) == bits(Array(x[range]))) == isMargin)
    }
  }

  @Test func manyRowsOfWholePanelsArePaired() {
    let x = Buffer<Float>(repeating: 0, count: 1)
    func isPaired(_ rows: Int, _ inputs: Int, _ outputs: Int) -> Bool {
      LinearArguments(
        for: Implementation.all[0].tiles,
        input: InputRows(x.constant, imageStride: rows, stride: inputs),
        output: OutputRows(x.pointer, imageStride: rows, stride: outputs), images: 8,
        rows: rows, inputWidth: inputs, outputWidth: outputs,
        weights: PanelWeights(x.pointer, element: .float32)
      ).isWorthPairing
    }
    #expect(isPaired(197, 192, 576))
    #expect(!isPaired(1, 192, 1000))
    #expect(!isPaired(197, 32, 576))
    #expect(!isPaired(197, 192, 570))
  }
}

extension Implementation {
  /// Runs a linear layer in pairs; `place` takes the scaled rows, memory of their own without.
  func multiplyInPairs(
    _ linear: LinearArguments, in place: OutputRows? = nil, reversed: Bool = false
  ) {
    guard let kernels = kernels as? any PairedKernelSet.Type else {
      Issue.record("\(self) does not multiply in pairs")
      return
    }
    let stride = paddedStride(linear.inputWidth)
    let rows = Buffer<Float>(repeating: .nan, count: linear.images * linear.rows * stride)
    let rowTerms = Buffer<Float>(repeating: .nan, count: linear.images * linear.rows * 2)
    let terms = Buffer<Float>(
      repeating: .nan, count: PairedWeightsArguments.termCount(outputs: linear.outputWidth))
    let arguments = PairedLinearArguments(
      linear,
      scaled: place ?? OutputRows(rows.pointer, imageStride: linear.rows, stride: stride),
      rowTerms: rowTerms.pointer, weightTerms: terms.constant)
    let weights = PairedWeightsArguments(linear, terms: terms.pointer)
    runItems(weights.items.count, reversed: reversed) { item, _ in
      kernels.pairedWeights(weights, item: item)
    }
    runItems(arguments.rowSplit.items.count, reversed: reversed) { item, _ in
      kernels.pairedRows(arguments, item: item)
    }
    runItems(
      arguments.product.items.count, scratchBytes: arguments.product.scratchBytes,
      reversed: reversed
    ) { kernels.pairedLinear(arguments, item: $0, scratch: $1) }
  }
}
