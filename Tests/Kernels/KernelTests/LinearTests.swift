import KernelInterface
import Testing

@Suite struct LinearTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var images = 1
    var rows: Int
    var inputs: Int
    var outputs: Int
    var half = false
    var bias = true
    var norm = false
    var activation = Activation.none
    var residual = false
    /// Rows of an image's buffer before and after those that are used.
    var margin = 0

    var testDescription: String {
      "\(images)x\(rows)x\(inputs)x\(outputs) \(half ? "f16" : "f32") \(activation)"
        + (bias ? " bias" : "") + (norm ? " norm" : "") + (residual ? " residual" : "")
        + " margin \(margin)"
    }
  }

  static let cases: [Case] = [
    Case(rows: 1, inputs: 1, outputs: 1),
    Case(rows: 2, inputs: 3, outputs: 15, bias: false),
    Case(rows: 7, inputs: 5, outputs: 17, activation: .relu),
    Case(rows: 13, inputs: 48, outputs: 31, half: true, activation: .gelu, residual: true),
    Case(rows: 197, inputs: 64, outputs: 96, norm: true, residual: true),
    Case(rows: 139, inputs: 33, outputs: 160, half: true, norm: true, activation: .gelu),
    Case(images: 3, rows: 5, inputs: 24, outputs: 20, norm: true, residual: true, margin: 2),
    Case(images: 3, rows: 1, inputs: 40, outputs: 33, norm: true, margin: 4),
    Case(images: 3, rows: 1, inputs: 40, outputs: 48, half: true, residual: true, margin: 1),
    Case(images: 2, rows: 98, inputs: 100, outputs: 64, activation: .gelu),
    Case(rows: 69, inputs: 1537, outputs: 48, residual: true),
    Case(rows: 40, inputs: 1600, outputs: 80, half: true),
    Case(images: 3, rows: 64, inputs: 16, outputs: 1000),
    Case(rows: 6, inputs: 0, outputs: 32),
    Case(rows: 1, inputs: 900, outputs: 200, half: true, activation: .relu),
    Case(images: 5, rows: 1, inputs: 1600, outputs: 100, residual: true, margin: 1),
  ]

  /// Whole panels and parts of one, with every activation.
  static let activations = Activation.allCases.flatMap { activation -> [Case] in
    [
      Case(rows: 11, inputs: 37, outputs: 49, activation: activation, residual: true),
      Case(
        images: 2, rows: 19, inputs: 48, outputs: 32, half: true, norm: true,
        activation: activation),
    ]
  }

  @Test(arguments: Implementation.tiled, cases + activations)
  func matchesTheReference(implementation: Implementation, test: Case) {
    let problem = LinearProblem(test)
    let output = problem.run(implementation)
    expectClose(
      output, problem.reference(), tolerance: 1e-6 * Double(max(10, test.inputs / 20)))
    #expect(bits(output) == bits(problem.run(implementation, reversed: true)))
  }

  /// Rows cut into tiles of every height, and columns into every number of panels.
  @Test(arguments: Implementation.tiled, [false, true])
  func everyTileMatchesTheReference(implementation: Implementation, half: Bool) {
    for rows in 1...26 {
      for outputs in [16, 32, 40, 64, 80, 130, 144] {
        let problem = LinearProblem(
          Case(rows: rows, inputs: 19, outputs: outputs, half: half, residual: rows % 2 == 0))
        expectClose(
          problem.run(implementation), problem.reference(), tolerance: 1e-5,
          "\(rows) rows, \(outputs) columns")
      }
    }
  }

  @Test(
    .enabled(if: Implementation.wide.count > 1, "needs AVX-512"), arguments: cases + activations)
  func bitsDoNotDependOnTheWidthOfRegisters(test: Case) {
    let problem = LinearProblem(test)
    let results = Implementation.wide.map { bits(problem.run($0)) }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test(arguments: Implementation.all)
  func bitsDependNeitherOnBatchNorOnOtherRows(implementation: Implementation) {
    var test = Case(
      images: 3, rows: 37, inputs: 770, outputs: 50, norm: true, activation: .gelu,
      residual: true)
    let together = LinearProblem(test)
    let all = together.run(implementation)
    test.images = 1
    let rowCount = 37
    for image in 0..<3 {
      let alone = LinearProblem(test, image: image, of: together)
      let range = image * rowCount * 50..<(image + 1) * rowCount * 50
      #expect(bits(alone.run(implementation)) == bits(Array(all[range])))
    }
    test.rows = 1
    let first = LinearProblem(test, image: 0, of: together)
    #expect(bits(first.run(implementation)) == bits(Array(all[..<50])))
  }

  @Test(arguments: Implementation.all)
  func aFusedNormHasTheBitsOfASeparateOne(implementation: Implementation) throws {
    let (rows, width) = (29, 75)
    var values = Values(seed: 4)
    let x = Buffer(values.array(rows * width, scale: 3))
    let gamma = Buffer(values.array(width))
    let beta = Buffer(values.array(width))
    let norm = LayerNorm(gamma: gamma.constant, beta: beta.constant, epsilon: 1e-6)
    let weights = Buffer(packed(values.array(width * 40), inputs: width, outputs: 40))
    let normalized = Buffer<Float>(repeating: 0, count: rows * width)
    let output = Buffer<Float>(repeating: 0, count: rows * 40)
    func run(_ arguments: LinearArguments) -> [Float] {
      runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
        implementation.kernels.linear(arguments, item: $0, scratch: $1)
      }
      return output.array
    }
    let fused = LinearArguments(
      for: implementation.tiles,
      input: InputRows(x.constant, imageStride: rows, stride: width),
      output: OutputRows(output.pointer, imageStride: rows, stride: 40), images: 1, rows: rows,
      inputWidth: width, outputWidth: 40,
      weights: PanelWeights(weights.pointer, element: .float32), norm: norm)
    let split = try #require(fused.normalizingOnce(into: normalized.pointer))
    runItems(split.norm.items.count) { item, _ in
      implementation.kernels.layerNorm(split.norm, item: item)
    }
    #expect(bits(run(fused)) == bits(run(split.product)))
  }

  @Test(arguments: Implementation.all)
  func normalizesConstantAndLargeRows(implementation: Implementation) {
    let width = 21
    var values = Values(seed: 9)
    let rows =
      Array(repeating: Float(7), count: width) + values.array(width, scale: 1e4).map { $0 + 3e4 }
    let x = Buffer(rows)
    let gamma = values.array(width)
    let beta = values.array(width)
    let (g, b) = (Buffer(gamma), Buffer(beta))
    let arguments = LayerNormArguments(
      for: implementation.tiles,
      input: InputRows(x.constant, imageStride: 2, stride: width),
      output: OutputRows(x.pointer, imageStride: 2, stride: width), images: 1, rows: 2,
      width: width, norm: LayerNorm(gamma: g.constant, beta: b.constant, epsilon: 1e-6))
    runItems(arguments.items.count) { item, _ in
      implementation.kernels.layerNorm(arguments, item: item)
    }
    let expected = (0..<2).flatMap { row in
      referenceNorm(
        rows[row * width..<(row + 1) * width].map(Double.init), gamma: gamma, beta: beta,
        epsilon: 1e-6)
    }
    expectClose(x.array, expected, tolerance: 1e-5)
  }
}

/// A linear layer on random values.
struct LinearProblem {
  let test: LinearTests.Case
  let x: Buffer<Float>
  let weights: [Float]
  let bias, gamma, beta: Buffer<Float>
  let residual: Buffer<Float>

  var rowsOfBuffer: Int { test.rows + 2 * test.margin }

  init(_ test: LinearTests.Case) {
    self.test = test
    var values = Values(seed: UInt64(test.inputs * 31 + test.outputs))
    let rows = test.images * (test.rows + 2 * test.margin)
    x = Buffer(values.array(rows * test.inputs))
    let all = values.array(test.inputs * test.outputs)
    // Halves are widened exactly, so that the reference sees the same weights.
    weights = test.half ? all.map { Float(Float16($0)) } : all
    bias = Buffer(values.array(test.outputs))
    gamma = Buffer(values.array(test.inputs))
    beta = Buffer(values.array(test.inputs))
    residual = Buffer(values.array(rows * test.outputs))
  }

  /// The first rows of one image of another problem.
  init(_ test: LinearTests.Case, image: Int, of other: LinearProblem) {
    self.test = test
    func part(_ buffer: Buffer<Float>, _ width: Int) -> Buffer<Float> {
      let start = image * other.test.rows * width
      return Buffer(Array(buffer.array[start..<start + test.rows * width]))
    }
    x = part(other.x, test.inputs)
    residual = part(other.residual, test.outputs)
    weights = other.weights
    (bias, gamma, beta) = (other.bias, other.gamma, other.beta)
  }

  /// The output buffer, margins included (those are -7).
  /// - Parameter unused: for each image the rows that are not in use, in whose place NaN is read.
  func run(
    _ implementation: Implementation, reversed: Bool = false, inPairs: Bool = false,
    unused: [Int32]? = nil
  ) -> [Float] {
    let counts = Buffer(unused ?? [])
    let x = Buffer(poisoned(self.x.array, width: test.inputs, unused))
    let panels = packed(weights, inputs: test.inputs, outputs: test.outputs)
    let (singles, halves) = (Buffer(panels), Buffer(panels.map { Float16($0) }))
    let output = Buffer<Float>(
      repeating: -7, count: test.images * rowsOfBuffer * test.outputs)
    if test.residual {
      let residual = poisoned(residual.array, width: test.outputs, unused)
      for i in 0..<output.count { output.pointer[i] = residual[i] }
    }
    let arguments = LinearArguments(
      for: implementation.tiles,
      input: InputRows(
        x.constant, imageStride: rowsOfBuffer, firstRow: test.margin, stride: test.inputs),
      output: OutputRows(
        output.pointer, imageStride: rowsOfBuffer, firstRow: test.margin, stride: test.outputs),
      images: test.images, rows: test.rows, inputWidth: test.inputs,
      outputWidth: test.outputs,
      weights: test.half
        ? PanelWeights(halves.pointer, element: .float16)
        : PanelWeights(singles.pointer, element: .float32),
      bias: test.bias ? bias.constant : nil,
      norm: test.norm
        ? LayerNorm(gamma: gamma.constant, beta: beta.constant, epsilon: 1e-6) : nil,
      activation: test.activation,
      residual: test.residual
        ? InputRows(
          output.constant, imageStride: rowsOfBuffer, firstRow: test.margin,
          stride: test.outputs) : nil,
      unused: UnusedRows(unused == nil ? nil : counts.constant))
    if inPairs {
      implementation.multiplyInPairs(arguments, reversed: reversed)
      return output.array
    }
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes, reversed: reversed) {
      implementation.kernels.linear(arguments, item: $0, scratch: $1)
    }
    return output.array
  }

  /// Whether a row of the buffer, counted over all images, is one of those that are not in use.
  func isUnused(_ row: Int, _ unused: [Int32]) -> Bool {
    let inside = row % rowsOfBuffer - test.margin
    return inside < test.rows && inside >= test.rows - Int(unused[row / rowsOfBuffer])
  }

  private func poisoned(_ values: [Float], width: Int, _ unused: [Int32]?) -> [Float] {
    guard let unused, width > 0 else { return values }
    return values.indices.map { isUnused($0 / width, unused) ? .nan : values[$0] }
  }

  func reference() -> [Double] {
    var result: [Double] = []
    for row in 0..<test.images * rowsOfBuffer {
      let inside = row % rowsOfBuffer - test.margin
      let range = row * test.outputs..<(row + 1) * test.outputs
      guard inside >= 0, inside < test.rows else {
        result +=
          test.residual
          ? residual.array[range].map(Double.init) : range.map { _ in -7 }
        continue
      }
      var values = x.array[row * test.inputs..<(row + 1) * test.inputs].map(Double.init)
      if test.norm {
        values = referenceNorm(values, gamma: gamma.array, beta: beta.array, epsilon: 1e-6)
      }
      let sums = referenceProduct(values, weights, outputs: test.outputs)
      for (n, sum) in sums.enumerated() {
        let value = referenceActivation(
          sum + (test.bias ? Double(bias.pointer[n]) : 0), test.activation)
        result.append(value + (test.residual ? Double(residual.pointer[range.lowerBound + n]) : 0))
      }
    }
    return result
  }
}
