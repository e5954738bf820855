import KernelInterface
import Kernels
import Testing

/// A kernel set and whether it adds products of bytes in one instruction.
struct ByteProducts: CustomTestStringConvertible, Sendable {
  let implementation: Implementation
  let dot: (any DotKernelSet.Type)?

  var testDescription: String {
    "\(implementation.testDescription)\(dot.map { " \($0.name)" } ?? "")"
  }

  /// All that this processor can run, each with other tiles too.
  static let tiled = Implementation.tiled.flatMap { set -> [ByteProducts] in
    // Tiles are stated by the set itself where one instruction is used.
    let isOwn = set.tiles == set.kernels.tiles
    let dots = isOwn ? KernelSelection.dots(set.kernels) : []
    return [ByteProducts(implementation: set, dot: nil)]
      + dots.map { ByteProducts(implementation: set, dot: $0) }
  }

  static let all = tiled.filter { $0.implementation.tiles == $0.implementation.kernels.tiles }

  /// Those that round a product and its sum once.
  static let wide = all.filter { $0.implementation.kernels is any PairedKernelSet.Type }
}

/// A linear layer in eight bits, of integers and rows that a test chooses.
struct QuantizedProblem {
  var test: LinearTests.Case
  private(set) var x: Buffer<Float>
  /// `[inputs][outputs]`.
  let integers: [Int8]
  let scales: [Float]
  let bias, gamma, beta: Buffer<Float>
  private(set) var residual: Buffer<Float>
  private let weights: Buffer<UInt8>

  /// Its integers, scales and sums.
  var panels: PanelWeights { PanelWeights(weights.pointer, element: .int8) }

  var rowsOfBuffer: Int { test.rows + 2 * test.margin }

  init(_ test: LinearTests.Case, integers chosen: [Int8]? = nil, rows: [Float]? = nil) {
    self.test = test
    var values = Values(seed: UInt64(test.inputs * 31 + test.outputs))
    let count = test.images * (test.rows + 2 * test.margin)
    x = Buffer(rows ?? values.array(count * test.inputs, scale: 3))
    integers = chosen ?? values.array(test.inputs * test.outputs).map { Int8(($0 * 127).rounded()) }
    scales = chosen == nil ? values.array(test.outputs).map { abs($0) * 0.01 + 1e-4 } : []
    bias = Buffer(values.array(test.outputs))
    gamma = Buffer(values.array(test.inputs))
    beta = Buffer(values.array(test.inputs))
    residual = Buffer(values.array(count * test.outputs))
    weights = Buffer(Self.stored(integers, scales, test))
  }

  /// The same layer of other rows.
  func with(x: Buffer<Float>, residual: Buffer<Float>) -> QuantizedProblem {
    var other = self
    (other.x, other.residual) = (x, residual)
    return other
  }

  /// As a plan stores them.
  private static func stored(
    _ integers: [Int8], _ scales: [Float], _ test: LinearTests.Case
  ) -> [UInt8] {
    let (inputs, outputs) = (test.inputs, test.outputs)
    var values = [UInt8](
      repeating: 0, count: Int8PanelLayout.valueByteCount(inputs: inputs, outputs: outputs))
    var sums = [Int32](repeating: 0, count: Int8PanelLayout.storedOutputs(outputs))
    var factors = sums.map { _ in Float(1) }
    for n in 0..<outputs {
      if !scales.isEmpty { factors[n] = scales[n] }
      for k in 0..<inputs {
        let integer = integers[k * outputs + n]
        sums[n] += Int32(integer)
        values[Int8PanelLayout.index(input: k, output: n, inputs: inputs)] =
          UInt8(bitPattern: integer)
      }
    }
    return values + factors.flatMap { bytes($0.bitPattern) }
      + sums.flatMap { bytes(UInt32(bitPattern: $0)) }
  }

  private static func bytes(_ word: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
  }

  /// What the kernels leave: the output buffer, margins included (those are -7), and the rows' bytes and terms.
  struct Result {
    var output: [Float]
    var bytes: [UInt8]
    var terms: [Float]
    var stride: Int
  }

  /// - Parameters:
  ///   - rows: bytes and terms, in the place of those of the problem's rows.
  ///   - unused: for each image the rows that are not in use, in whose place NaN is read.
  ///   - convolution: whose patches are read in the place of rows; it writes where the problem does.
  func run(
    _ products: ByteProducts, reversed: Bool = false, unused: [Int32]? = nil,
    rows given: (bytes: [UInt8], terms: [Float])? = nil,
    patchesOf convolution: ConvolutionArguments? = nil
  ) -> Result {
    let kernels = products.implementation.kernels
    let counts = Buffer(unused ?? [])
    let output = Buffer<Float>(repeating: -7, count: test.images * rowsOfBuffer * test.outputs)
    if test.residual {
      for i in 0..<output.count { output.pointer[i] = residual.pointer[i] }
    }
    let stride = QuantizedLinearArguments.rowStride(inputs: test.inputs)
    let count = test.images * test.rows
    // What lies between rows is multiplied by zeros, whatever it is.
    let bytes = Buffer<UInt8>(repeating: 0xA5, count: count * stride)
    let terms = Buffer<Float>(repeating: .nan, count: 2 * count)
    let linear = LinearArguments(
      for: products.implementation.tiles,
      input: InputRows(
        x.constant, imageStride: rowsOfBuffer, firstRow: test.margin, stride: test.inputs),
      output: OutputRows(
        output.pointer, imageStride: rowsOfBuffer, firstRow: test.margin, stride: test.outputs),
      images: test.images, rows: test.rows, inputWidth: test.inputs,
      outputWidth: test.outputs, weights: panels,
      bias: test.bias ? bias.constant : nil,
      norm: test.norm
        ? LayerNorm(gamma: gamma.constant, beta: beta.constant, epsilon: 1e-6) : nil,
      activation: test.activation,
      residual: test.residual
        ? InputRows(
          output.constant, imageStride: rowsOfBuffer, firstRow: test.margin, stride: test.outputs)
        : nil, unused: UnusedRows(unused == nil ? nil : counts.constant))
    let layer: QuantizedLinearArguments
    if var convolution, let patches = Patches(convolution) {
      convolution.output = linear.output
      layer = QuantizedLinearArguments(
        convolution, of: patches, bytes: bytes.pointer, terms: terms.pointer)
    } else {
      layer = QuantizedLinearArguments(linear, bytes: bytes.pointer, terms: terms.pointer)
    }
    if let given {
      for (i, byte) in given.bytes.enumerated() {
        bytes.pointer[i / test.inputs * stride + i % test.inputs] = byte
      }
      for (i, term) in given.terms.enumerated() { terms.pointer[i] = term }
    } else {
      let rows = QuantizedRowsArguments(layer)
      runItems(rows.items.count, scratchBytes: rows.scratchBytes, reversed: reversed) {
        rows.run($0, on: kernels, scratch: $1)
      }
    }
    let product = QuantizedProductArguments(layer, dot: products.dot)
    runItems(product.items.count, scratchBytes: product.scratchBytes, reversed: reversed) {
      product.run($0, on: kernels, scratch: $1)
    }
    return Result(output: output.array, bytes: bytes.array, terms: terms.array, stride: stride)
  }

  /// What follows from the bytes and terms of rows, in double precision.
  func reference(_ result: Result) -> [Double] {
    (0..<test.images * rowsOfBuffer).flatMap { row -> [Double] in
      let inside = row % rowsOfBuffer - test.margin
      let range = row * test.outputs..<(row + 1) * test.outputs
      guard inside >= 0, inside < test.rows else {
        return test.residual ? residual.array[range].map(Double.init) : range.map { _ in -7 }
      }
      let place = row / rowsOfBuffer * test.rows + inside
      return (0..<test.outputs).map { n in
        var (sum, columnSum) = (0, 0)
        for k in 0..<test.inputs {
          let weight = Int(integers[k * test.outputs + n])
          sum += Int(result.bytes[place * result.stride + k]) * weight
          columnSum += weight
        }
        let product =
          (Double(sum) * Double(result.terms[2 * place])
            + Double(columnSum) * Double(result.terms[2 * place + 1]))
          * Double(scales.isEmpty ? 1 : scales[n])
        let value = referenceActivation(
          product + (test.bias ? Double(bias.pointer[n]) : 0), test.activation)
        return value + (test.residual ? Double(residual.pointer[range.lowerBound + n]) : 0)
      }
    }
  }
}
