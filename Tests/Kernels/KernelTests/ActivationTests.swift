import KernelInterface
import Testing

/// What every activation does with every kind of number.
@Suite struct ActivationTests {
  static let gated = [Activation.geluTanh, .quickGelu, .silu]

  /// Applies an activation to each number, as the epilogue of a product by one.
  static func apply(_ activation: Activation, _ numbers: [Float], _ implementation: Implementation)
    -> [Float]
  {
    let x = Buffer(numbers)
    let width = 16
    let y = Buffer<Float>(repeating: 7, count: x.count * width)
    // Sixteen columns take the way of whole panels.
    let ones = Buffer(
      packed([Float](repeating: 1, count: width), inputs: 1, outputs: width))
    let arguments = LinearArguments(
      for: implementation.tiles,
      input: InputRows(x.constant, imageStride: x.count, stride: 1),
      output: OutputRows(y.pointer, imageStride: x.count, stride: width), images: 1,
      rows: x.count, inputWidth: 1, outputWidth: width,
      weights: PanelWeights(ones.pointer, element: .float32), activation: activation)
    runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
      implementation.kernels.linear(arguments, item: $0, scratch: $1)
    }
    return numbers.indices.map { y.pointer[$0 * width + $0 % width] }
  }

  /// Floats of all sizes and both signs, one of every `step`.
  static func scan(step: UInt64) -> [Float] {
    stride(from: 0, through: UInt64(UInt32.max), by: Int(step)).lazy
      .map { Float(bitPattern: UInt32($0)) }.filter(\.isFinite)
  }

  @Test(arguments: Implementation.all)
  func geluIsWithinAMillionthEverywhere(implementation: Implementation) {
    let x = (0..<40_001).map { Float($0 - 20_000) / 1500 } + [-1e30, 1e30, 0, -0.0]
    expectClose(
      Self.apply(.gelu, x, implementation), x.map { referenceActivation(Double($0), .gelu) },
      tolerance: 1e-6)
  }

  /// A row of one number is exact in eight bits.
  @Test(arguments: ByteProducts.all)
  func geluOfBytesIsWithinItsBoundEverywhere(products: ByteProducts) {
    let x = (0..<40_001).map { Float($0 - 20_000) / 1500 } + [-1e6, -1e3, 1e3, 1e6, 1e30, 0, -0.0]
    let test = LinearTests.Case(
      rows: x.count, inputs: 1, outputs: 16, bias: false, activation: .gelu)
    let found = QuantizedProblem(test, integers: Array(repeating: 1, count: 16), rows: x)
      .run(products).output
    for (row, x) in x.enumerated() {
      let error = abs(Double(found[16 * row + row % 16]) - referenceActivation(Double(x), .gelu))
      if !(error <= 2e-4 + 2e-7 * Double(abs(x))) {
        Issue.record("GELU of \(x) is \(found[16 * row + row % 16])")
        return
      }
    }
  }

  @Test(arguments: Implementation.all)
  func tanhIsWithinItsBoundEverywhere(implementation: Implementation) {
    let x = Self.scan(step: 9973) + (0..<40_001).map { Float($0 - 20_000) / 1500 } + [0, -0.0]
    expectClose(
      Self.apply(.tanh, x, implementation), x.map { referenceActivation(Double($0), .tanh) },
      tolerance: 3e-7)
  }

  @Test(arguments: Implementation.all, gated)
  func gatedActivationsAreWithinTheBoundsThatTheyState(
    implementation: Implementation, activation: Activation
  ) {
    let fine = (0..<400_001).map { Float($0 - 200_000) / 2000 }
    let limits: [Float] = [
      -.greatestFiniteMagnitude, .greatestFiniteMagnitude, -.leastNonzeroMagnitude,
      .leastNonzeroMagnitude, -.leastNormalMagnitude, .leastNormalMagnitude, 0, -0.0,
    ]
    let x = Self.scan(step: 9973) + fine + limits
    let found = Self.apply(activation, x, implementation)
    #expect(found.count == x.count)
    for (x, y) in zip(x, found) {
      let wanted = referenceActivation(Double(x), activation)
      let (error, size) = (abs(Double(y) - wanted), abs(wanted))
      if !(error <= 2e-7 * max(1, size) && error <= 2e-5 * size + 2e-36) {
        Issue.record("\(activation) of \(x) is \(y), expected \(wanted)")
        return
      }
    }
  }

  @Test(arguments: Implementation.all, Activation.allCases)
  func specialNumbersStayWhatTheyAre(implementation: Implementation, activation: Activation) {
    let payload = Float(bitPattern: 0x7FC0_0001)
    let found = Self.apply(
      activation, [.nan, -.nan, payload, .infinity, 0], implementation)
    #expect(found[0].isNaN && found[1].isNaN && found[2].isNaN)
    #expect(found[3] == (activation == .tanh ? 1 : .infinity))
    #expect(found[4] == 0)
  }

  @Test(arguments: Implementation.all, gated)
  func gatedActivationsEndInZeros(implementation: Implementation, activation: Activation) {
    let found = Self.apply(activation, [-.infinity, -1e30, -100, -0.0], implementation)
    #expect(found.dropLast().allSatisfy { $0 <= 0 && $0 > -2e-36 })
    // The product by one adds a zero.
    #expect(found[3] == 0)
  }

  @Test(
    .enabled(if: Implementation.wide.count > 1, "needs AVX-512"), arguments: Activation.allCases)
  func bitsDoNotDependOnTheWidthOfRegisters(activation: Activation) {
    let x = Self.scan(step: 99_991)
    let results = Implementation.wide.map { bits(Self.apply(activation, x, $0)) }
    #expect(results.allSatisfy { $0 == results[0] })
  }
}
