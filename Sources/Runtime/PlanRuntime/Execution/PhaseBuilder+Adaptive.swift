internal import KernelInterface
internal import ModelFacts
internal import PlanFormat

// Steps by which images keep as many tokens as their own scores say. Of a verified program each has its count.
extension PhaseBuilder {
  func select(_ step: SelectStep) -> any KernelArguments {
    let rule: SelectArguments.Rule =
      switch step.rule {
      case .above: .above(step.threshold.value)
      case .sampled: .sampled(steps: step.steps)
      }
    return SelectArguments(
      rule, scores: floats(step.scores), images: images,
      patches: program.buffers[step.scores].columns, unused: unusedTokens(step.scores),
      kept: indices(step.kept), destination: indices(step.destination),
      unusedKept: indices(step.unused ?? step.kept))
  }

  func halt(_ step: HaltStep) -> any KernelArguments {
    HaltArguments(
      HaltingValues(step.gate), tokens: reading(whole(step.tokens)),
      remainders: floats(step.remainders), newRemainders: floats(step.newRemainders),
      images: images, patches: program.buffers[step.kept].columns,
      unused: unusedTokens(step.tokens), kept: indices(step.kept),
      destination: indices(step.destination), unusedKept: indices(step.unused ?? step.kept))
  }

  func accumulate(_ step: AccumulateStep) -> any KernelArguments {
    AccumulateArguments(
      HaltingValues(step.gate), isLast: step.isLast, tokens: reading(whole(step.tokens)),
      remainders: floats(step.remainders),
      remainderStride: program.buffers[step.remainders].columns,
      sum: step.sum.map { UnsafePointer(floats($0)) }, output: floats(step.output),
      images: images, width: program.buffers[step.output].columns)
  }
}

extension HaltingValues {
  fileprivate init(_ gate: HaltingGate) {
    self.init(scale: gate.scale, center: gate.center, epsilon: gate.epsilon)
  }
}
