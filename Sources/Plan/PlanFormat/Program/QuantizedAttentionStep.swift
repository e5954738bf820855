internal import KernelInterface
package import Records

/// ``AttentionStep`` in eight bits, see ``QuantizedAttention``.
package struct QuantizedAttentionStep: IndexFreeStep {
  package static let kind = StepKind.quantizedAttention

  package var features: Set<PlanFeature> { [.int8Attention] }

  /// What it computes.
  package var attention = AttentionStep()

  package init() {}

  package init(_ attention: AttentionStep) { self.attention = attention }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try attention.code(fields: &coder)
  }

  package func verify(_ context: StepContext) throws {
    try attention.verify(context)
    let tokens = context.buffers[attention.qkv].rows
    try context.require(
      QuantizedAttention.isPossible(tokens: tokens, headWidth: attention.headWidth), "qkv",
      "fewer rows, for sums of 32 bits", "\(tokens)")
  }

  package var step: Step { .quantizedAttention(self) }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] { attention.tokens(buffers) }

  package var reads: [Int] { attention.reads }
  package var writes: [Int] { attention.writes }
  package var constants: [Int] { attention.constants }

  package func multiplyAdds(_ context: StepContext) -> Double { attention.multiplyAdds(context) }
}

extension Step {
  /// Attention, in whatever numbers.
  fileprivate var attention: AttentionStep? {
    switch self {
    case .attention(let step): step
    case .quantizedAttention(let step): step.attention
    default: nil
    }
  }
}

extension Program {
  /// The same with attention in eight bits where that is faster and weights of int8 have made what it reads, and in
  /// float32 elsewhere.
  /// - Parameter isInt8: whether a constant is.
  package func choosingAttention(isInt8: (_ constant: Int) -> Bool) -> Program {
    var program = self
    // Of each buffer that a linear layer has written last, its weights.
    var weights: [Int: Int] = [:]
    for (index, record) in steps.enumerated() {
      if let attention = record.step.attention {
        let isQuantized =
          weights[attention.qkv].map(isInt8) ?? false
          && QuantizedAttention.isFaster(
            tokens: buffers[attention.qkv].rows, queries: attention.queries,
            headWidth: attention.headWidth)
        program.steps[index] = StepRecord(
          isQuantized ? QuantizedAttentionStep(attention).step : attention.step)
      }
      for buffer in record.step.payload.writes { weights[buffer] = nil }
      if case .linear(let linear) = record.step { weights[linear.output.buffer] = linear.weight }
    }
    return program
  }
}
