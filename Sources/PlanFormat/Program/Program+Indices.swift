internal import Tensors

extension Program {
  /// Throws unless every int32 buffer that a step or a stage uses as indices can only hold ones that
  /// lie inside what they point into.
  ///
  /// Kernels follow indices without a check. What a step can write into an int32 buffer is known
  /// from its fields, so the range of each buffer is carried from step to step.
  func verifyIndices(file: String) throws {
    var ranges = [ClosedRange<Int>](repeating: -1...Int(Int32.max), count: buffers.count)
    func require(_ buffer: Int, below limit: Int, from least: Int, _ field: String) throws {
      let range = ranges[buffer]
      guard range.lowerBound >= least, range.upperBound < limit else {
        throw InputError(
          file: file, field: "program, \(field)", expected: "indices from \(least) to \(limit - 1)",
          found: "buffer \(buffer), which may hold \(range.lowerBound) to \(range.upperBound)")
      }
    }
    for (index, record) in steps.enumerated() {
      switch record.step {
      case .select(let step):
        let patches = buffers[step.importance].columns
        ranges[step.kept] = 0...patches - 1
        ranges[step.dropped] = 0...patches - 1
        ranges[step.destination] = step.fuses ? 0...step.keep : -1...step.keep - 1
      case .fill(let step):
        ranges[step.output] = 0...buffers[step.output].rows * buffers[step.output].columns - 1
      case .reduce(let step):
        let patches = buffers[step.importance].columns
        try require(step.kept, below: patches, from: 0, "step \(index), kept")
        try require(step.dropped, below: patches, from: 0, "step \(index), dropped")
        if let into = step.into { ranges[into] = 0...buffers[step.kept].columns - 1 }
        if let origins = step.patchIndices, let result = step.newPatchIndices {
          // A token that none was fused into has no origin, which is the largest index.
          ranges[result] = step.strategy == .fuse ? -1...Int(Int32.max) : ranges[origins]
        }
      case .match(let step):
        let patches = buffers[step.destination].columns
        ranges[step.best] = 0...patches - 1
        ranges[step.kept] = 0...patches - 1
        ranges[step.destination] = 0...step.keep - 1
      default: break
      }
    }
    for (index, stage) in stages.enumerated() {
      try require(stage.kept, below: stage.patchesIn, from: 0, "stage \(index), kept")
      try require(
        stage.destination, below: stage.patchesOut, from: -1, "stage \(index), destination")
      guard index == 0 || stage.patchesIn == stages[index - 1].patchesOut else {
        throw InputError(
          file: file, field: "program, stage \(index), patches in",
          expected: "the \(stages[index - 1].patchesOut) that stage \(index - 1) left",
          found: "\(stage.patchesIn)")
      }
    }
  }
}
