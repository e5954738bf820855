/// How a weight matrix with `inputs` rows (K) and `outputs` columns (N) is stored: panels of 16
/// columns, `[ceil(N/16)][K][16]`, columns past N are zero.
///
/// K order of a convolution's matrix: `(channel, ky, kx)` over an image (NCHW), `(ky, kx, channel)`
/// over a map (NHWC).
package enum PanelLayout {
  /// The weights of one input in a panel, widened: the vector that kernels multiply. A type says the
  /// width, so that other modules know it without a call.
  package typealias Row = SIMD16<Float>

  /// Columns in a panel.
  package static var width: Int { Row.scalarCount }

  /// Panels that hold `outputs` columns.
  package static func panelCount(outputs: Int) -> Int { (outputs + width - 1) / width }

  /// Elements of the packed matrix, padding included.
  package static func elementCount(inputs: Int, outputs: Int) -> Int {
    panelCount(outputs: outputs) * inputs * width
  }

  /// Index of the weight from input `input` to output `output` in the packed matrix.
  package static func index(input: Int, output: Int, inputs: Int) -> Int {
    (output / width * inputs + input) * width + output % width
  }
}

/// Stops a kernel that multiplies float32 rows and met weights that multiply quantized ones, see
/// ``QuantizedLinearArguments``.
package func refuseInt8Weights() -> Never { fatalError("int8 weights, and rows of float32") }

/// The weights of a product as kernels read them: the stored values of a ``PackedMatrix`` with panels, 64-byte
/// aligned.
package struct PanelWeights: @unchecked Sendable {
  /// The first panel.
  package var base: UnsafeRawPointer

  /// How weights are stored.
  package var element: MatrixElement

  /// A packed matrix, see ``PanelLayout``.
  package init(_ base: UnsafeRawPointer, element: MatrixElement) {
    self.base = base
    self.element = element
  }
}
