internal import KernelInterface
package import PlanFormat

/// How rows are prepared before products: normalised, scaled or quantized into memory that all layers share in turn, or
/// scaled where they lie.
package struct PreparedRows {
  /// How a layer's rows are multiplied.
  package enum Product {
    /// As sums of products.
    case direct
    /// In pairs, see ``PairedLinearArguments``.
    case paired
    /// As bytes, see ``QuantizedLinearArguments``.
    case quantized
  }

  /// Floats for each image of the terms of rows that are scaled or quantized.
  private(set) var termFloats = 0

  /// Floats for each image of the rows.
  private(set) var rowFloats = 0

  /// Steps whose input nothing reads or writes afterwards.
  private var scalingInPlace: Set<Int> = []

  /// - Parameters:
  ///   - pairsAttention: whether attention in float32 is in pairs where that is faster.
  ///   - product: how rows are multiplied by the weights of this number.
  package init(
    _ program: Program, _ constants: [ConstantRecord], pairsAttention: Bool,
    product: (_ weight: Int) -> Product
  ) {
    func countHeads(_ step: AttentionStep) {
      let tokens = program.buffers[step.qkv].rows
      guard pairsAttention,
        PairedAttention.isFaster(
          tokens: tokens, queries: step.queries, headWidth: step.headWidth)
      else { return }
      let floats = PairedAttention.headFloats(tokens: tokens, headWidth: step.headWidth)
      rowFloats = max(rowFloats, step.heads * floats)
    }
    // Results are in use until the caller has read them.
    let lifetimes = program.lifetimes()
    for (index, record) in program.steps.enumerated() {
      if case .quantizedAttention(let quantized) = record.step {
        let step = quantized.attention
        let bytes = QuantizedAttention.headBytes(
          tokens: program.buffers[step.qkv].rows, queries: step.queries, headWidth: step.headWidth)
        rowFloats = max(rowFloats, step.heads * bytes / MemoryLayout<Float>.stride)
      }
      if case .attention(let step) = record.step { countHeads(step) }
      if case .biasedAttention(let step) = record.step { countHeads(step.attention) }
      if case .convolution(let step) = record.step, product(step.weight) == .quantized {
        let inputs = constants[step.weight].matrix?.inputs ?? 0
        let bytes = QuantizedLinearArguments.rowStride(inputs: inputs)
        termFloats = max(termFloats, 2 * step.output.count)
        rowFloats = max(rowFloats, step.output.count * bytes / MemoryLayout<Float>.stride)
      }
      guard case .linear(let step) = record.step else { continue }
      let rows = step.input.count
      let inputs = program.buffers[step.input.buffer].columns
      if program.fewQueries(at: index, lifetimes) != nil {
        rowFloats = max(rowFloats, rows * inputs)
        continue
      }
      let product = product(step.weight)
      let isPaired = product == .paired
      if product != .direct { termFloats = max(termFloats, 2 * rows) }
      if product == .quantized {
        let bytes = QuantizedLinearArguments.rowStride(inputs: inputs)
        rowFloats = max(rowFloats, rows * bytes / MemoryLayout<Float>.stride)
        continue
      }
      if isPaired, step.norm == nil, lifetimes[step.input.buffer]?.upperBound == index,
        step.input.buffer != program.input, step.residual?.buffer != step.input.buffer
      {
        scalingInPlace.insert(index)
      } else if isPaired || step.norm != nil {
        rowFloats = max(rowFloats, rows * paddedStride(inputs))
      }
    }
    termFloats = wholeLines(termFloats)
    rowFloats = wholeLines(rowFloats)
  }

  /// Bytes for each image.
  var byteCount: Int { (termFloats + rowFloats) * MemoryLayout<Float>.stride }

  /// Whether the layer at `step` scales its input in place where it multiplies in pairs.
  package func scalesInPlace(step: Int) -> Bool { scalingInPlace.contains(step) }
}
