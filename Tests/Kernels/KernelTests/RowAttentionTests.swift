import CLibrary
import KernelInterface
import Testing

/// Attention of a few queries of three images without keys and values, against those in double precision.
@Suite struct RowAttentionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let (tokens, queries, inputs, heads, headWidth): (Int, Int, Int, Int, Int)
    var isHalf = false
    var isInt8 = false
    var hasSizes = false
    var hasBias = true
    var isCounted = false
    var scale: Float = 0.5

    init(_ tokens: Int, _ queries: Int, _ inputs: Int, _ heads: Int, _ headWidth: Int) {
      (self.tokens, self.queries, self.inputs) = (tokens, queries, inputs)
      (self.heads, self.headWidth) = (heads, headWidth)
    }

    var testDescription: String {
      "\(queries) of \(tokens) x \(inputs), \(heads) heads of \(headWidth)"
        + (isHalf ? ", float16" : "") + (isInt8 ? ", int8" : "") + (hasSizes ? ", sizes" : "")
        + (hasBias ? "" : ", no bias")
        + (isCounted ? ", some not in use" : "")
    }
  }

  /// Heads within panels, of several panels and across them; rows that are no multiple of a vector or of four.
  static let cases: [Case] = [
    Case(1, 1, 1, 1, 1), Case(5, 1, 13, 3, 7), Case(16, 4, 64, 2, 16), Case(70, 2, 100, 3, 20),
    Case(197, 1, 192, 3, 64), Case(33, 8, 65, 2, 100), Case(50, 1, 36, 5, 9),
  ].flatMap { plain -> [Case] in
    var (half, int8, sizes, unbiased, counted) = (plain, plain, plain, plain, plain)
    int8.isInt8 = true
    (counted.isCounted, counted.hasSizes) = (true, true)
    (half.isHalf, sizes.hasSizes, unbiased.hasBias) = (true, true, false)
    // Scores far apart.
    unbiased.scale = 4
    return [plain, half, int8, sizes, unbiased, counted]
  }

  private struct Problem {
    let test: Case
    let x: RowTests.Rows
    let weights: [Float]
    let integers: Buffer<Int8>
    let bias: Buffer<Float>
    let sizes: Buffer<Float>
    let unused: Buffer<Int32>

    init(_ test: Case) {
      self.test = test
      var values = Values(seed: 31)
      let outputs = 3 * test.heads * test.headWidth
      x = RowTests.Rows(count: test.tokens, width: test.inputs, seed: 32)
      let factor = 1 / Float(test.inputs).squareRoot()
      let drawn = values.array(test.inputs * outputs)
      let scales = values.array(outputs).map { (abs($0) + 0.1) * factor / 127 }
      weights = drawn.enumerated().map { index, value in
        if test.isInt8 { return (value * 127).rounded() * scales[index % outputs] }
        return test.isHalf ? Float(Float16(value * factor)) : value * factor
      }
      integers = Self.int8(drawn, scales: scales, inputs: test.inputs)
      bias = Buffer(values.array(outputs))
      sizes = Buffer(values.array(3 * test.tokens).map { 1 + abs($0 * 4).rounded(.up) })
      let most = test.isCounted ? Int32(test.tokens - test.queries) : 0
      unused = Buffer([most, 0, most / 2])
    }

    /// Weights of -1 to 1 as integers, with their scales behind them.
    private static func int8(_ weights: [Float], scales: [Float], inputs: Int) -> Buffer<Int8> {
      let outputs = scales.count
      let end = Int8PanelLayout.valueByteCount(inputs: inputs, outputs: outputs)
      let buffer = Buffer<Int8>(
        repeating: 0, count: end + Int8PanelLayout.termByteCount(outputs: outputs))
      for (index, value) in weights.enumerated() {
        let (input, output) = index.quotientAndRemainder(dividingBy: outputs)
        let place = Int8PanelLayout.index(input: input, output: output, inputs: inputs)
        buffer.pointer[place] = Int8((value * 127).rounded())
      }
      for (output, scale) in scales.enumerated() {
        UnsafeMutableRawPointer(buffer.pointer)
          .storeBytes(of: scale, toByteOffset: end + 4 * output, as: Float.self)
      }
      return buffer
    }

    /// - Parameter padding: what panels have beyond the outputs.
    func run(
      _ implementation: Implementation, reversed: Bool = false, padding: Float = 0
    ) -> [Float] {
      let outputs = 3 * test.heads * test.headWidth
      var panels = packed(weights, inputs: test.inputs, outputs: outputs)
      for k in 0..<test.inputs {
        for n in outputs..<PanelLayout.panelCount(outputs: outputs) * PanelLayout.width {
          panels[PanelLayout.index(input: k, output: n, inputs: test.inputs)] = padding
        }
      }
      let (singles, halves) = (Buffer(panels), Buffer(panels.map { Float16($0) }))
      let out = RowTests.Rows(count: test.queries, width: outputs / 3, seed: 33)
      let arguments = RowAttentionArguments(
        input: x.input, output: out.output, images: 3, tokens: test.tokens,
        queries: test.queries, inputWidth: test.inputs, heads: test.heads,
        headWidth: test.headWidth, scale: test.scale,
        weights: test.isInt8
          ? PanelWeights(integers.pointer, element: .int8)
          : test.isHalf
            ? PanelWeights(halves.pointer, element: .float16)
            : PanelWeights(singles.pointer, element: .float32),
        bias: test.hasBias ? bias.constant : nil, sizes: test.hasSizes ? sizes.constant : nil,
        unused: UnusedRows(test.isCounted ? unused.constant : nil))
      runItems(arguments.items.count, scratchBytes: arguments.scratchBytes, reversed: reversed) {
        implementation.kernels.attendToRows(arguments, item: $0, scratch: $1)
      }
      return out.inner
    }

    /// Output `o` of a row's queries, keys and values.
    private func product(_ image: Int, _ row: Int, _ o: Int) -> Double {
      let outputs = 3 * test.heads * test.headWidth
      return (0..<test.inputs).reduce(test.hasBias ? Double(bias.pointer[o]) : 0) {
        $0 + x.value(image, row, $1) * Double(weights[$1 * outputs + o])
      }
    }

    var wanted: [Double] {
      let width = test.heads * test.headWidth
      return (0..<3).flatMap { image -> [Double] in
        let used = test.tokens - Int(unused.pointer[image])
        let qkv = (0..<used).map { row in (0..<3 * width).map { product(image, row, $0) } }
        return (0..<test.queries).flatMap { query -> [Double] in
          (0..<test.heads).flatMap { head -> [Double] in
            let columns = head * test.headWidth..<(head + 1) * test.headWidth
            let scores = qkv.indices.map { row -> Double in
              let score = columns.reduce(0.0) { $0 + qkv[query][$1] * qkv[row][width + $1] }
              let size =
                test.hasSizes ? Double(sizes.pointer[image * test.tokens + row]) : 1
              return Double(test.scale) * score + log(size)
            }
            let largest = scores.max() ?? 0
            let shares = scores.map { exp($0 - largest) }
            let total = shares.reduce(0, +)
            return columns.map { column in
              zip(shares, qkv).reduce(0.0) { $0 + $1.0 * $1.1[2 * width + column] } / total
            }
          }
        }
      }
    }
  }

  @Test(arguments: Implementation.all, cases)
  func itIsAttentionToKeysAndValues(implementation: Implementation, test: Case) {
    let problem = Problem(test)
    let found = problem.run(implementation)
    expectClose(found, problem.wanted)
    #expect(found == problem.run(implementation, reversed: true))
  }

  @Test(.enabled(if: Implementation.wide.count > 1, "needs AVX-512"), arguments: cases)
  func registersOfEveryWidthGiveTheSameBits(test: Case) {
    let problem = Problem(test)
    let results = Implementation.wide.map { problem.run($0).map(\.bitPattern) }
    for result in results { #expect(result == results[0]) }
  }

  /// So is a bias of keys, though no softmax sees what all scores have.
  @Test(arguments: Implementation.all, [Float.nan, .infinity, -.infinity])
  func biasesOfKeysThatAreNotFiniteAreSeen(implementation: Implementation, value: Float) {
    let problem = Problem(Case(23, 1, 24, 2, 12))
    // Of the second head.
    problem.bias.pointer[24 + 12 + 5] = value
    for (index, number) in problem.run(implementation).enumerated() {
      #expect(number.isFinite != (index % 24 >= 12), "\(index)")
    }
  }

  /// What panels have beyond the outputs is not read.
  @Test(arguments: Implementation.all)
  func columnsBeyondTheOutputsAreNotRead(implementation: Implementation) {
    let problem = Problem(Case(9, 1, 6, 1, 4))
    #expect(problem.run(implementation, padding: .nan) == problem.run(implementation))
  }

  /// A row that is not finite is seen in what attends to it.
  @Test(arguments: Implementation.all, [Float.nan, .infinity, -.infinity])
  func rowsThatAreNotFiniteAreSeen(implementation: Implementation, value: Float) {
    let problem = Problem(Case(23, 1, 24, 2, 12))
    problem.x.buffer.pointer[(problem.x.count + 2 + 1 + 20) * 24 + 3] = value
    let found = problem.run(implementation)
    for (index, number) in found.enumerated() {
      #expect(number.isFinite != (24..<48).contains(index), "\(index)")
    }
  }
}
