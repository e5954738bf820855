internal import KernelInterface
internal import PlanFormat

// Steps between the product that makes queries and keys and the attention that reads them, and that with a bias.
extension PhaseBuilder {
  func headNorm(_ step: HeadNormStep) -> any KernelArguments {
    HeadNormArguments(
      for: tiles, input: reading(whole(step.qkv)), output: writing(whole(step.output)),
      images: images, tokens: program.buffers[step.qkv].rows, heads: step.heads,
      headWidth: step.headWidth, queryNorm: norm(step.queryNorm), keyNorm: norm(step.keyNorm),
      unused: unusedTokens(step.qkv))
  }

  func rotaryEmbedding(_ step: RotaryEmbeddingStep) -> any KernelArguments {
    RotaryEmbeddingArguments(
      for: tiles, input: reading(whole(step.qkv)), output: writing(whole(step.output)),
      images: images, tokens: program.buffers[step.qkv].rows, prefix: step.prefix,
      heads: step.heads, headWidth: step.headWidth, table: table(step.table),
      tableHeads: constants[step.table].shape[1],
      patchIndices: step.patchIndices.map { UnsafePointer(indices($0)) },
      unused: unusedTokens(step.qkv))
  }

  func biasedAttention(_ step: BiasedAttentionStep) -> AttentionArguments {
    var arguments = attention(step.attention)
    // Verified: there is such a grid.
    arguments.bias = step.grid.map {
      RelativePositionBias(
        grid: $0, table: table(step.table),
        patchIndices: step.patchIndices.map { UnsafePointer(indices($0)) })
    }
    return arguments
  }
}
