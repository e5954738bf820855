internal import KernelInterface
internal import PlanFormat

// Steps that make one row of all tokens.
extension PhaseBuilder {
  func reduceMean(_ step: ReduceMeanStep) -> any KernelArguments {
    ReduceMeanArguments(
      input: reading(step.input), output: writing(step.output), images: images,
      rows: step.input.count, width: program.buffers[step.input.buffer].columns,
      weights: step.sizes.map { UnsafePointer(floats($0) + step.prefix) },
      weightStride: step.prefix + step.input.count, unused: unused(step.input))
  }

  func attentionPool(_ step: AttentionPoolStep) -> any KernelArguments {
    AttentionPoolArguments(
      input: reading(step.input), query: table(step.query), output: writing(step.output),
      images: images, tokens: step.input.count, heads: step.heads, headWidth: step.headWidth,
      scale: step.scale, sizes: step.sizes.map { UnsafePointer(floats($0) + step.prefix) },
      sizeStride: step.prefix + step.input.count, unused: unused(step.input))
  }
}
