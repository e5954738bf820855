import KernelInterface
import Kernels
import Testing

@Suite struct QuantizedLinearTests {
  typealias Case = LinearTests.Case

  /// Inputs that are and are not groups of four, outputs that are and are not whole panels.
  static let cases: [Case] = [
    Case(rows: 1, inputs: 1, outputs: 1),
    Case(rows: 7, inputs: 2, outputs: 17, activation: .relu),
    Case(rows: 2, inputs: 3, outputs: 15, bias: false),
    Case(rows: 7, inputs: 5, outputs: 1000, residual: true),
    Case(rows: 197, inputs: 769, outputs: 17, activation: .gelu, residual: true),
    Case(rows: 197, inputs: 64, outputs: 96, norm: true, residual: true),
    Case(rows: 139, inputs: 33, outputs: 160, norm: true, activation: .gelu),
    Case(images: 3, rows: 5, inputs: 24, outputs: 20, norm: true, residual: true, margin: 2),
    Case(images: 3, rows: 1, inputs: 40, outputs: 33, norm: true, margin: 4),
    Case(images: 2, rows: 98, inputs: 100, outputs: 64, activation: .silu),
    Case(images: 5, rows: 1, inputs: 1600, outputs: 100, residual: true, margin: 1),
  ]

  @Test(arguments: ByteProducts.tiled, cases)
  func matchesTheReference(products: ByteProducts, test: Case) {
    let problem = QuantizedProblem(test)
    let result = problem.run(products)
    let tolerance = 1e-6 * Double(max(10, test.inputs / 20))
    // GELU is as close as what becomes bytes needs it.
    expectClose(
      result.output, problem.reference(result),
      tolerance: tolerance + (test.activation == .gelu ? 2e-4 : 0))
    let again = problem.run(products, reversed: true)
    #expect(bits(result.output) == bits(again.output))
  }

  @Test(arguments: ByteProducts.tiled)
  func everyTileMatchesTheReference(products: ByteProducts) {
    for rows in 1...20 {
      for outputs in [16, 32, 40, 64, 80, 144] {
        let problem = QuantizedProblem(
          Case(rows: rows, inputs: 19, outputs: outputs, residual: rows % 2 == 0))
        let result = problem.run(products)
        expectClose(
          result.output, problem.reference(result), tolerance: 1e-5,
          "\(rows) rows, \(outputs) columns")
      }
    }
  }

  /// Bytes and weights that are as large as can be, of as many inputs as there can be: the sums come to within
  /// 2,176 of the end of 32 bits. All sets get the integer itself, rounded once to float32.
  @Test(arguments: ByteProducts.tiled, [1, 5, 769, Int8PanelLayout.maximumInputs])
  func sumsAreExactToTheLast(products: ByteProducts, inputs: Int) {
    let (rows, outputs) = (3, 17)
    let test = Case(rows: rows, inputs: inputs, outputs: outputs, bias: false)
    let integers = (0..<inputs * outputs).map { index -> Int8 in
      let (k, n) = (index / outputs, index % outputs)
      return n % 3 == 0 ? -127 : n % 3 == 1 ? 127 : (k % 2 == 0 ? 127 : -127)
    }
    let problem = QuantizedProblem(test, integers: integers)
    let bytes = (0..<rows * inputs).map { index -> UInt8 in
      let (row, k) = (index / inputs, index % inputs)
      return row == 0 ? 255 : row == 1 ? UInt8(k % 256) : 0
    }
    let terms = [Float](repeating: 1, count: 2 * rows).indices.map { Float($0 % 2 == 0 ? 1 : 0) }
    let result = problem.run(products, rows: (bytes, terms))
    for row in 0..<rows {
      for n in 0..<outputs {
        let sum = (0..<inputs).reduce(0) {
          $0 + Int(bytes[row * inputs + $1]) * Int(integers[$1 * outputs + n])
        }
        #expect(Int32(exactly: sum) != nil)
        #expect(result.output[row * outputs + n] == Float(sum), "row \(row), column \(n)")
      }
    }
  }

  @Test(
    .enabled(
      if: ByteProducts.wide.count > 1, "needs two kernels of wide registers that multiply bytes"),
    arguments: cases)
  func bitsDoNotDependOnTheInstructions(test: Case) {
    let problem = QuantizedProblem(test)
    let results = ByteProducts.wide.map { problem.run($0) }
    #expect(results.allSatisfy { bits($0.output) == bits(results[0].output) })
    #expect(results.allSatisfy { $0.bytes == results[0].bytes })
  }

  @Test(arguments: ByteProducts.all)
  func bitsDependNeitherOnBatchNorOnOtherRows(products: ByteProducts) {
    var test = Case(
      images: 3, rows: 37, inputs: 770, outputs: 50, norm: true, activation: .gelu, residual: true)
    let together = QuantizedProblem(test)
    let all = together.run(products).output
    test.images = 1
    for rows in [37, 1] {
      test.rows = rows
      for image in 0..<3 {
        let alone = together.image(image, test)
        let start = image * 37 * 50
        #expect(bits(alone.run(products).output) == bits(Array(all[start..<start + rows * 50])))
      }
    }
  }

  @Test(arguments: ByteProducts.all, UnusedRowTests.linearCases)
  func rowsThatAreNotInUseAreNeitherReadNorWritten(products: ByteProducts, test: Case) {
    let problem = QuantizedProblem(test)
    let unused = (0..<test.images).map { [Int32(test.rows / 2), 0, Int32(test.rows - 1)][$0 % 3] }
    let (all, found) = (problem.run(products), problem.run(products, unused: unused))
    for row in 0..<test.images * problem.rowsOfBuffer {
      let inside = row % problem.rowsOfBuffer - test.margin
      let isUnused =
        inside < test.rows && inside >= test.rows - Int(unused[row / problem.rowsOfBuffer])
      let range = row * test.outputs..<(row + 1) * test.outputs
      let expected =
        !isUnused
        ? Array(all.output[range])
        : test.residual ? Array(problem.residual.array[range]) : range.map { _ in -7 }
      #expect(bits(Array(found.output[range])) == bits(expected), "row \(row)")
    }
  }
}

extension QuantizedProblem {
  /// The first rows of an image as a problem of its own.
  fileprivate func image(_ image: Int, _ test: LinearTests.Case) -> QuantizedProblem {
    var part = self
    part.test = test
    let rows = rowsOfBuffer
    func slice(_ buffer: Buffer<Float>, _ width: Int) -> Buffer<Float> {
      Buffer(Array(buffer.array[image * rows * width..<(image * rows + test.rows) * width]))
    }
    return part.with(x: slice(x, test.inputs), residual: slice(residual, test.outputs))
  }
}
