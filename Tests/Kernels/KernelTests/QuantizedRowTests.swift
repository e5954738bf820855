import KernelInterface
import Testing

/// How rows become bytes: what ``QuantizedLinearArguments`` says, to the bit.
@Suite struct QuantizedRowTests {
  private func quantized(
    _ row: [Float], _ implementation: Implementation
  ) -> (bytes: [UInt8], scale: Float, low: Float, output: Float) {
    let problem = QuantizedProblem(
      LinearTests.Case(rows: 1, inputs: row.count, outputs: 1, bias: false),
      integers: row.map { _ in 1 }, rows: row)
    let result = problem.run(ByteProducts(implementation: implementation, dot: nil))
    return (
      Array(result.bytes[..<row.count]), result.terms[0], result.terms[1], result.output[0]
    )
  }

  @Test(arguments: Implementation.all, [1, 2, 3, 5, 16, 31, 64, 769])
  func bytesAndTermsAreThoseOfTheDefinition(implementation: Implementation, width: Int) throws {
    var values = Values(seed: UInt64(width))
    for (scale, shift) in [(1, 0), (1e-3, 5), (1e30, 0), (1e-30, -1e-30), (3, -3)]
      as [(Float, Float)]
    {
      let row = values.array(width, scale: scale).map { $0 + shift }
      let found = quantized(row, implementation)
      let (low, high) = (try #require(row.min()), try #require(row.max()))
      let range = high - low
      let step = range * (1 / 255) < .leastNormalMagnitude ? 1 : range * (1 / 255)
      #expect(found.low == low)
      #expect(found.scale == step)
      for (byte, x) in zip(found.bytes, row) {
        #expect(Float(byte) == ((x - low) * (1 / step)).rounded(.toNearestOrEven))
      }
    }
  }

  /// Halfway between two integers the even one is taken.
  @Test(arguments: Implementation.all)
  func tiesGoToTheEvenInteger(implementation: Implementation) {
    let row: [Float] = [0, 255, 0.5, 1.5, 2.5, 253.5, 254.5]
    let found = quantized(row, implementation)
    #expect(found.scale == 1)
    #expect(found.bytes == [0, 255, 0, 2, 2, 254, 254])
  }

  @Test(
    arguments: Implementation.all,
    [0, -0.0, 1, -2.7, 1e38, .leastNonzeroMagnitude, -0x1p-128] as [Float])
  func aRowOfOneNumberIsHeldExactly(implementation: Implementation, value: Float) {
    let found = quantized([Float](repeating: value, count: 37), implementation)
    #expect(found.scale == 1)
    #expect(found.low == value)
    #expect(found.bytes.allSatisfy { $0 == 0 })
    #expect(found.output == value * 37)
    // Zeros of both signs give the same bits.
    if value == 0 { #expect(found.low.sign == .plus) }
  }

  /// Numbers whose distance is next to nothing are one number.
  @Test(arguments: Implementation.all)
  func aRowOfSubnormalNumbersIsOneNumber(implementation: Implementation) {
    let found = quantized([0, 0x1p-133, -0x1p-133], implementation)
    #expect(found.scale == 1)
    #expect(found.bytes == [0, 0, 0])
    #expect(found.low == -0x1p-133)
  }

  /// Wherever its ends are: in any lane of a first or a second vector, or behind whole vectors.
  @Test(arguments: Implementation.all, [5, 16, 29, 32, 43])
  func aRowHasTheEndsThatAnyPlaceHas(implementation: Implementation, width: Int) {
    for place in 0..<width {
      var row = [Float](repeating: 1, count: width)
      row[place] = -1
      row[(place + 3) % width] = 4
      let found = quantized(row, implementation)
      #expect(found.low == -1)
      #expect(found.scale == 5 * (1 / 255 as Float))
    }
  }

  @Test(
    arguments: Implementation.all,
    [
      [.nan], [.infinity], [-.infinity], [.infinity, -.infinity], [3e38, -3e38],
      [.infinity, .infinity],
    ] as [[Float]])
  func aRowThatIsNotFiniteGivesNaN(implementation: Implementation, numbers: [Float]) {
    for place in [0, 15, 16, 39] {
      var row = [Float](repeating: 1, count: 40 + numbers.count)
      row.replaceSubrange(place..<place + numbers.count, with: numbers)
      #expect(quantized(row, implementation).output.isNaN)
    }
  }

  /// As if the rows had been normalised before, in every set.
  @Test(arguments: Implementation.all, [1, 7, 197])
  func aNormHasTheBitsOfASeparateOne(implementation: Implementation, rows: Int) {
    let width = 75
    let test = LinearTests.Case(rows: rows, inputs: width, outputs: 16, norm: true)
    let problem = QuantizedProblem(test)
    let normalized = Buffer<Float>(repeating: .nan, count: rows * width)
    let norm = LayerNormArguments(
      for: implementation.tiles,
      input: InputRows(problem.x.constant, imageStride: rows, stride: width),
      output: OutputRows(normalized.pointer, imageStride: rows, stride: width), images: 1,
      rows: rows, width: width,
      norm: LayerNorm(
        gamma: problem.gamma.constant, beta: problem.beta.constant, epsilon: 1e-6))
    runItems(norm.items.count) { item, _ in implementation.kernels.layerNorm(norm, item: item) }
    var separate = problem.with(x: normalized, residual: problem.residual)
    separate.test.norm = false
    let products = ByteProducts(implementation: implementation, dot: nil)
    #expect(bits(problem.run(products).output) == bits(separate.run(products).output))
  }
}
