internal import Tensors

/// What each int32 buffer may hold, carried from step to step.
///
/// Kernels follow indices without a check. What a step can write into an int32 buffer is known from its
/// fields.
package struct IndexRanges {
  let buffers: [BufferRecord]
  let file: String

  private var ranges: [ClosedRange<Int>]

  init(_ program: Program, file: String) {
    buffers = program.buffers
    self.file = file
    ranges = .init(repeating: -1...Int(Int32.max), count: buffers.count)
  }

  /// What a buffer may hold.
  subscript(buffer: Int) -> ClosedRange<Int> {
    get { ranges[buffer] }
    set { ranges[buffer] = newValue }
  }

  /// Throws unless a buffer can only hold indices `least..<limit`.
  func require(_ buffer: Int, below limit: Int, from least: Int = 0, _ field: String) throws {
    let range = ranges[buffer]
    guard range.lowerBound >= least, range.upperBound < limit else {
      throw InputError(
        file: file, field: "program, \(field)", expected: "indices from \(least) to \(limit - 1)",
        found: "buffer \(buffer), which may hold \(range.lowerBound) to \(range.upperBound)")
    }
  }
}

extension Program {
  /// Whether tokens that waited come back.
  package var restoresTokens: Bool {
    steps.contains { if case .restore = $0.step { true } else { false } }
  }

  /// Throws unless every int32 buffer that a step or a stage uses as indices can only hold ones that
  /// lie inside what they point into.
  func verifyIndices(file: String) throws {
    var ranges = IndexRanges(self, file: file)
    var counts = CountCheck(self, file: file)
    for (index, record) in steps.enumerated() {
      try record.step.payload.followIndices(&ranges, step: index)
      try counts.follow(record.step.payload, step: index, ranges)
    }
    try counts.finish(self, ranges)
    for (index, stage) in stages.enumerated() {
      try ranges.require(stage.kept, below: stage.patchesIn, "stage \(index), kept")
      try ranges.require(
        stage.destination, below: stage.patchesOut, from: -1, "stage \(index), destination")
      // Where tokens waited, all of them may be there again.
      guard
        index == 0 || stage.patchesIn == stages[index - 1].patchesOut
          || restoresTokens && stage.patchesIn == stages[0].patchesIn
      else {
        throw InputError(
          file: file, field: "program, stage \(index), patches in",
          expected: "the \(stages[index - 1].patchesOut) that stage \(index - 1) left",
          found: "\(stage.patchesIn)")
      }
    }
  }
}
