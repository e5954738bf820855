/// A linear layer by Winograd's inner product: what ``LinearArguments`` says, with additions in the
/// place of a third of its multiplications.
///
/// S. Winograd, "A new algorithm for inner product", IEEE Transactions on Computers C-17 (1968): of two
/// neighbouring inputs x and weights w
///
///     x0 w0 + x1 w1 = (x0 + w1) (x1 + w0) - x0 x1 - w0 w1
///
/// where the sum of `x0 x1` belongs to a row and that of `w0 w1` to a column, so that both are formed
/// once. A pair costs a multiply-add and two additions in the place of two multiply-adds. That is no
/// gain where additions and multiplications share their units, but AMD's Zen adds in units of its own
/// beside those that multiply. Of each three inputs two are a pair and one is multiplied as ever: two
/// multiply-adds and two additions, which keep both kinds of units busy, for three inputs.
///
/// The error of rounding is about that of the direct sum if inputs and weights are of one size. So each
/// row is multiplied by a power of two, which is exact, that brings its mean square next to that of the
/// weights, and its sums are divided by it.
///
/// In order: ``PairedKernelSet/pairedWeights(_:item:)`` once for a matrix, then for each product
/// ``PairedKernelSet/pairedRows(_:item:)`` and ``PairedKernelSet/pairedLinear(_:item:scratch:)``.
package struct PairedLinearArguments: @unchecked Sendable {
  /// What is normalised and scaled.
  package let input: InputRows

  /// Applied to each row first.
  package let norm: LayerNorm?

  /// Where they are written.
  package let scaled: OutputRows

  /// The product of the scaled rows.
  package let product: LinearArguments

  /// `[images * rows][2]`: the sum of products of a row's pairs, and by what its sums are multiplied.
  package let rowTerms: UnsafeMutablePointer<Float>

  /// What ``PairedWeightsArguments`` forms of the product's weights.
  package let weightTerms: UnsafePointer<Float>

  /// Computes a layer, whether or not that is faster so.
  /// - Parameters:
  ///   - scaled: room for the scaled rows; may be the layer's input where nothing else reads that.
  ///   - rowTerms: two floats for each row of each image.
  ///   - weightTerms: the terms of the layer's weights.
  package init(
    _ linear: LinearArguments, scaled: OutputRows, rowTerms: UnsafeMutablePointer<Float>,
    weightTerms: UnsafePointer<Float>
  ) {
    precondition(linear.isPairable, "whole panels")
    input = linear.input
    norm = linear.norm
    self.scaled = scaled
    self.rowTerms = rowTerms
    self.weightTerms = weightTerms
    product = LinearArguments(
      for: linear.tiles, input: InputRows(scaled), output: linear.output, images: linear.images,
      rows: linear.rows,
      inputWidth: linear.inputWidth, outputWidth: linear.outputWidth, weights: linear.weights,
      bias: linear.bias, activation: linear.activation, residual: linear.residual,
      unused: linear.unused, inPairs: true)
  }

  /// How preparing the rows is cut into items: over `images * rows`.
  package var rowSplit: RowSplit {
    RowSplit(
      product.images * product.rows, width: product.inputWidth, for: product.tiles)
  }
}

/// The first of a layer's two kernels, which prepares its rows.
package struct PairedRowsArguments: KernelArguments {
  /// The layer.
  package let layer: PairedLinearArguments

  /// The kernels that multiply in pairs, which not every set has.
  package let kernels: any PairedKernelSet.Type

  /// Prepares the rows of a layer.
  package init(_ layer: PairedLinearArguments, kernels: any PairedKernelSet.Type) {
    precondition(kernels.tiles == layer.product.tiles, "cut for other kernels")
    self.layer = layer
    self.kernels = kernels
  }

  /// Work items of the step, by parts of the rows.
  package var items: WorkItems { layer.rowSplit.items }

  package func run(_ item: Int, on _: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.pairedRows(layer, item: item)
  }
}

/// The second of a layer's two kernels, which multiplies.
package struct PairedProductArguments: KernelArguments {
  /// The layer.
  package let layer: PairedLinearArguments

  /// The kernels that multiply in pairs, which not every set has.
  package let kernels: any PairedKernelSet.Type

  /// Multiplies the rows of a layer.
  package init(_ layer: PairedLinearArguments, kernels: any PairedKernelSet.Type) {
    precondition(kernels.tiles == layer.product.tiles, "cut for other kernels")
    self.layer = layer
    self.kernels = kernels
  }

  /// Work items of the step.
  package var items: WorkItems { layer.product.items }

  /// Bytes of scratch that an item needs, 64-byte aligned.
  package var scratchBytes: Int { layer.product.scratchBytes }

  package func run(_ item: Int, on _: any KernelSet.Type, scratch: UnsafeMutableRawPointer) {
    kernels.pairedLinear(layer, item: item, scratch: scratch)
  }
}

/// The terms of a matrix `[inputs, outputs]` for ``PairedLinearArguments``.
package struct PairedWeightsArguments: @unchecked Sendable {
  /// The matrix, of whole panels.
  package let weights: PanelWeights

  /// K: the elements of an input row.
  package let inputWidth: Int

  /// N: the elements of an output row.
  package let outputWidth: Int

  /// Receives `[N]` sums of products of the pairs of a column, then `[N / 16]` sums of the squares of
  /// a panel.
  package let terms: UnsafeMutablePointer<Float>

  /// The terms of a layer's weights.
  /// - Parameter terms: ``termCount(outputs:)`` floats.
  package init(_ linear: LinearArguments, terms: UnsafeMutablePointer<Float>) {
    precondition(linear.isPairable, "whole panels")
    weights = linear.weights
    inputWidth = linear.inputWidth
    outputWidth = linear.outputWidth
    self.terms = terms
  }

  /// Number of terms.
  package static func termCount(outputs: Int) -> Int { outputs + outputs / PanelLayout.width }

  /// Work items: one for each panel.
  package var items: WorkItems { WorkItems(parts: outputWidth / PanelLayout.width) }
}

extension LinearArguments {
  /// Whether pairing is faster on a processor that adds beside multiplying; depends on the extents of
  /// an image only, so that every batch gets the same bits.
  ///
  /// Few rows cost as much as reading the weights does.
  package var isWorthPairing: Bool { isPairable && rows >= 16 && inputWidth >= 48 }

  /// Whether pairing can compute this.
  fileprivate var isPairable: Bool {
    inputWidth > 0 && outputWidth > 0 && outputWidth % PanelLayout.width == 0
      && weights.element != .int8
  }
}

/// The power of two that brings a row's mean square next to that of the weights; 1 where either is
/// zero or not finite.
package func pairingScale(rows: Float, weights: Float) -> Float {
  guard let exponent = pairingExponent(rows: rows, weights: weights) else { return 1 }
  return Float(bitPattern: UInt32(min(max(exponent, -40), 40) + 127) << 23)
}

/// Whether ``pairingScale(rows:weights:)`` does bring the one next to the other.
package func isPairingExact(rows: Float, weights: Float) -> Bool {
  guard let exponent = pairingExponent(rows: rows, weights: weights) else { return false }
  return (-40...40).contains(exponent)
}

private func pairingExponent(rows: Float, weights: Float) -> Int? {
  let ratio = weights / rows
  guard ratio.isNormal, rows.isNormal else { return nil }
  return (Int(ratio.bitPattern >> 23) - 127) >> 1
}
