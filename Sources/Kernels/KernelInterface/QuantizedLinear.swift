/// A linear layer in eight bits: what ``LinearArguments`` says, of weights in ``Int8PanelLayout`` and of rows that
/// are quantized as they come.
///
/// A row x of finite numbers, normalised if the layer says so, becomes bytes q with two float32 of its own:
///
///     low   = min x
///     scale = (max x - low) * float32(1 / 255), or 1 where that is less than the least normal number
///     q[k]  = (x[k] - low) * (1 / scale), rounded to the nearest integer, a tie to the even one
///
/// so that `x[k]` is about `low + scale q[k]`. A row of one number alone is held exactly: its bytes are zero. Where
/// a row, or the distance of its ends, is not finite, low and scale are NaN.
///
/// Of a column's integers w, its scale s and its sum `W = sum of w[k]`, which is stored, follows the product
///
///     (float32(sum of q[k] w[k]) * scale + low * float32(W)) * s
///
/// before bias, activation and residual. The sum is an exact 32-bit integer, as no row of
/// ``Int8PanelLayout/maximumInputs`` inputs can exceed it, so that every kernel set gets the same one; the float32
/// operations are in this order, and a set rounds a product and its sum once where it has an instruction for that.
///
/// In order: ``KernelSet/quantizeRows(_:item:scratch:)``, then
/// ``KernelSet/quantizedLinear(_:item:scratch:)`` or what a ``DotKernelSet`` has in its place.
package struct QuantizedLinearArguments: @unchecked Sendable {
  /// What becomes bytes.
  package enum Source: Sendable {
    /// Rows, each normalised first where there is a norm.
    case rows(InputRows, LayerNorm?)
    /// The patches of images, in the order `(channel, y, x)`.
    case patches(Patches)
  }

  /// What is quantized.
  package let source: Source

  /// The product, of rows that are normalised already.
  package let product: LinearArguments

  /// Its weights.
  package let weights: Int8Weights

  /// `[images * rows]` rows of bytes, ``rowStride(inputs:)`` apart.
  package let bytes: UnsafeMutablePointer<UInt8>

  /// `[images * rows][2]`: a row's scale, and its low end.
  package let terms: UnsafeMutablePointer<Float>

  /// Computes a layer whose weights are int8.
  /// - Parameters:
  ///   - bytes: room for the bytes of each row of each image, 64-byte aligned.
  ///   - terms: two floats for each row of each image.
  package init(
    _ linear: LinearArguments, bytes: UnsafeMutablePointer<UInt8>,
    terms: UnsafeMutablePointer<Float>
  ) {
    self.init(linear, of: .rows(linear.input, linear.norm), bytes: bytes, terms: terms)
  }

  /// Computes a patch embedding whose weights are int8.
  /// - Parameters:
  ///   - convolution: of the patches.
  ///   - bytes: room for the bytes of each patch of each image, 64-byte aligned.
  ///   - terms: two floats for each patch of each image.
  package init(
    _ convolution: ConvolutionArguments, of patches: Patches,
    bytes: UnsafeMutablePointer<UInt8>, terms: UnsafeMutablePointer<Float>
  ) {
    let rows = convolution.outputHeight * convolution.outputWidth
    self.init(
      LinearArguments(
        for: convolution.tiles,
        input: InputRows(patches.images, imageStride: rows, stride: convolution.windowSize),
        output: convolution.output, images: convolution.images, rows: rows,
        inputWidth: convolution.windowSize, outputWidth: convolution.outputChannels,
        weights: convolution.weights, bias: convolution.bias, activation: convolution.activation,
        residual: convolution.table.map {
          InputRows($0, imageStride: 0, stride: convolution.outputChannels)
        }), of: .patches(patches), bytes: bytes, terms: terms)
  }

  private init(
    _ linear: LinearArguments, of source: Source, bytes: UnsafeMutablePointer<UInt8>,
    terms: UnsafeMutablePointer<Float>
  ) {
    precondition(linear.weights.element == .int8, "weights in eight bits")
    precondition(linear.inputWidth <= Int8PanelLayout.maximumInputs, "sums of 32 bits")
    self.source = source
    weights = Int8Weights(
      linear.weights.base, inputs: linear.inputWidth, outputs: linear.outputWidth)
    self.bytes = bytes
    self.terms = terms
    product = LinearArguments(
      for: linear.tiles, input: linear.input, output: linear.output, images: linear.images,
      rows: linear.rows, inputWidth: linear.inputWidth, outputWidth: linear.outputWidth,
      weights: linear.weights, bias: linear.bias, activation: linear.activation,
      residual: linear.residual, unused: linear.unused)
  }

  /// Bytes from one row to the next: whole cache lines, padded as ``paddedStride(_:)`` does.
  package static func rowStride(inputs: Int) -> Int {
    paddedStride(Int8PanelLayout.groupCount(inputs: inputs)) * Int8PanelLayout.group
  }

  /// Bytes from one row to the next.
  package var rowStride: Int { Self.rowStride(inputs: product.inputWidth) }

  /// Groups of four inputs.
  package var groups: Int { Int8PanelLayout.groupCount(inputs: product.inputWidth) }

  /// How quantizing the rows is cut into items: over `images * rows`.
  package var rowSplit: RowSplit {
    RowSplit(product.images * product.rows, width: product.inputWidth, for: product.tiles)
  }

  /// The most rows that are normalised, or gathered, before they are quantized.
  package static var rowsTogether: Int { 4 }
}

/// The first of a layer's two kernels, which quantizes its rows.
package struct QuantizedRowsArguments: KernelArguments {
  /// The layer.
  package let layer: QuantizedLinearArguments

  /// Quantizes the rows of a layer.
  package init(_ layer: QuantizedLinearArguments) { self.layer = layer }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { layer.rowSplit.items }

  /// Bytes of scratch that an item needs, 64-byte aligned: rows that are normalised or gathered.
  package var scratchBytes: Int {
    if case .rows(_, nil) = layer.source { return 0 }
    return QuantizedLinearArguments.rowsTogether * layer.product.scratchStride
      * MemoryLayout<Float>.stride
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.quantizeRows(layer, item: item, scratch: scratch)
  }
}

/// The second of a layer's two kernels, which multiplies.
package struct QuantizedProductArguments: KernelArguments {
  /// The layer.
  package let layer: QuantizedLinearArguments

  /// Kernels whose processor adds products of bytes in one instruction; nil where it does not.
  package let dot: (any DotKernelSet.Type)?

  /// Multiplies the rows of a layer.
  package init(_ layer: QuantizedLinearArguments, dot: (any DotKernelSet.Type)?) {
    precondition(dot.map { $0.tiles == layer.product.tiles } ?? true, "cut for other kernels")
    self.layer = layer
    self.dot = dot
  }

  /// Work items of the step.
  package var items: WorkItems { layer.product.items }

  /// Bytes of scratch that an item needs, 64-byte aligned: products, and for those instructions that take no bytes
  /// its rows and the panels of a tile in 16 bits.
  package var scratchBytes: Int {
    let panelBytes = layer.groups * Int8PanelLayout.group * PanelLayout.width
    let widened =
      2
      * (layer.product.blocking.maximumRows * layer.rowStride + layer.product.tiles.panels
        * panelBytes)
    return layer.product.blocking.maximumSums * MemoryLayout<Float>.stride
      + (dot == nil ? widened : 0)
  }

  package func run(_ item: Int, on kernels: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    if let dot {
      dot.quantizedLinear(layer, item: item, scratch: scratch)
    } else {
      kernels.quantizedLinear(layer, item: item, scratch: scratch)
    }
  }
}
