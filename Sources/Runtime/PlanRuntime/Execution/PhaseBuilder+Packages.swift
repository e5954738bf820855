internal import KernelInterface
internal import PlanFormat

// Steps of SP-ViT: predictors of each head, and tokens that become one package token.
extension PhaseBuilder {
  func headMean(_ step: HeadMeanStep) -> any KernelArguments {
    HeadMeanArguments(
      input: reading(step.input), output: writing(step.output), images: images,
      rows: step.input.count, heads: step.heads, width: width(step.input) / step.heads,
      unused: unused(step.input))
  }

  /// A linear layer of a row for each head.
  func headLinear(_ step: HeadLinearStep) -> any KernelArguments {
    LinearArguments(
      for: tiles, input: reading(step.input).divided(into: step.heads),
      output: writing(step.output).divided(into: step.heads), images: images,
      rows: step.input.count * step.heads, inputWidth: width(step.input) / step.heads,
      outputWidth: width(step.output) / step.heads, weights: panels(step.weight),
      bias: step.bias.map(table), norm: norm(step.norm), activation: activation(step.activation),
      unused: unused(step.input, heads: step.heads))
  }

  func headHalfMean(_ step: HeadHalfMeanStep) -> any KernelArguments {
    HalfMeanArguments(
      input: reading(step.input), output: writing(step.output), images: images,
      rows: step.input.count, width: width(step.input), heads: step.heads,
      unused: unused(step.input))
  }

  func headVote(_ step: HeadVoteStep) -> any KernelArguments {
    HeadVoteArguments(
      weights: reading(step.weights), logits: reading(step.logits), score: floats(step.score),
      keeping: floats(step.keeping), images: images, rows: step.weights.count, heads: step.heads,
      unused: unused(step.weights))
  }

  /// Of a verified program it has its count.
  func packagePartition(_ step: PackagePartitionStep) -> any KernelArguments {
    SelectArguments(
      .packages(step.packages), scores: floats(step.scores), images: images,
      patches: program.buffers[step.scores].columns, unused: unusedTokens(step.scores),
      kept: indices(step.kept), destination: indices(step.destination),
      unusedKept: indices(step.unused ?? step.kept))
  }

  func patchMax(_ step: PatchMaxStep) -> any KernelArguments {
    ReduceMaxArguments(
      input: reading(step.input), output: writing(step.output), images: images,
      rows: step.input.count, width: width(step.input), excluded: step.packages,
      unused: unused(step.input))
  }
}
