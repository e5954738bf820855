internal import KernelInterface
internal import ModelFacts
internal import PlanFormat

// Steps of methods that models are trained with for fewer tokens.
extension PhaseBuilder {
  func normScore(_ step: NormScoreStep) -> any KernelArguments {
    var rows = reading(whole(step.rows))
    // Of q, k and v the last.
    if step.measure == .value { rows.base += 2 * step.heads * step.headWidth }
    return NormScoreArguments(
      step.measure, classAttention: floats(step.classAttention), rows: rows, images: images,
      heads: step.heads, headWidth: step.headWidth, prefix: step.prefix,
      patches: program.buffers[step.output].columns, importance: floats(step.output),
      unused: unusedTokens(step.classAttention))
  }

  func halfMean(_ step: HalfMeanStep) -> any KernelArguments {
    HalfMeanArguments(
      input: reading(step.input), output: writing(step.output), images: images,
      rows: step.input.count, width: program.buffers[step.input.buffer].columns)
  }

  func keepScore(_ step: KeepScoreStep) -> any KernelArguments {
    KeepScoreArguments(
      input: reading(step.input), output: floats(step.output), images: images,
      rows: step.input.count)
  }

  func policyPartition(_ step: PolicyPartitionStep) -> any KernelArguments {
    let pooling = PartitionArguments(
      .edges(score: floats(step.scores), best: indices(step.best), first: step.first),
      images: images, patches: program.buffers[step.destination].columns, keep: step.keep,
      kept: indices(step.kept), dropped: indices(step.dropped),
      destination: indices(step.destination))
    return PolicyPartitionArguments(
      importance: floats(step.importance), threshold: step.threshold.value, pooling: pooling)
  }

  func pick(_ step: PickStep) -> any KernelArguments {
    PickArguments(
      input: floats(step.input), kept: indices(step.kept), output: floats(step.output),
      images: images, patches: program.buffers[step.input].columns,
      keep: program.buffers[step.kept].columns)
  }

  func restore(_ step: RestoreStep) -> any KernelArguments {
    RestoreArguments(
      waiting: tokens(step.waiting, step.axis), moved: tokens(step.moved, step.axis),
      destination: indices(step.destination), output: writing(step),
      images: images, prefix: step.prefix, patches: program.buffers[step.destination].columns,
      width: step.axis == .rows ? program.buffers[step.waiting].columns : 1)
  }

  /// A row for each token: of columns rows of one element.
  private func tokens(_ buffer: Int, _ axis: TokenAxis) -> InputRows {
    switch axis {
    case .rows: reading(whole(buffer))
    case .columns:
      InputRows(floats(buffer), imageStride: program.buffers[buffer].columns, stride: 1)
    }
  }

  private func writing(_ step: RestoreStep) -> OutputRows {
    switch step.axis {
    case .rows: writing(whole(step.output))
    case .columns:
      OutputRows(
        floats(step.output), imageStride: program.buffers[step.output].columns, stride: 1)
    }
  }
}
