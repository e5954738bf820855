package import Records

/// What a plan executes: a straight list of steps over buffers with fixed places in one arena.
package struct Program: Record {
  /// Bytes of the arena for one image, a multiple of 64.
  package var arenaBytes = 0

  /// The buffer that stands for the input image, `[channels * height, width]`.
  package var input = 0

  /// What is computed.
  package var outputs: [OutputRecord] = []

  /// Multiply-adds of the model for one image, counted as `formats/plan.md` says.
  package var multiplyAdds = 0

  /// Multiply-adds that the steps execute; fewer, since rows that no head reads are left out.
  package var executedMultiplyAdds = 0

  /// Every buffer.
  package var buffers: [BufferRecord] = []

  /// The steps in order.
  package var steps: [StepRecord] = []

  /// Where tokens are reduced.
  package var stages: [StageRecord] = []

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("arena_bytes", &arenaBytes)
    try coder.code("input", &input)
    try coder.code("outputs", list: &outputs)
    try coder.code("multiply_adds", &multiplyAdds)
    try coder.code("executed_multiply_adds", &executedMultiplyAdds)
    try coder.code("buffers", list: &buffers)
    try coder.code("steps", list: &steps)
    try coder.code("stages", list: &stages)
  }
}

/// A reduction of tokens, and the buffers that tell afterwards which tokens went where. They are
/// never reused by later steps.
package struct StageRecord: Record, Equatable {
  /// The block, counted from 0.
  package var block = 0

  /// Patch tokens before and after; one row more than are kept counts, with which there may be one more than before
  /// where an image may keep all of them.
  package var patchesIn = 0
  package var patchesOut = 0

  /// `[1, K]`, int32: the old patch position behind each new one.
  package var kept = 0

  /// `[1, N]`, int32: the new patch position of each old one, -1 for one that left.
  package var destination = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("block", &block)
    try coder.code("patches_in", &patchesIn)
    try coder.code("patches_out", &patchesOut)
    try coder.code("kept", &kept)
    try coder.code("destination", &destination)
  }

  func verify(_ context: StepContext) throws {
    let isKept = try context.buffer(kept, "kept", .int32)
    try context.range(patchesIn, "patches in", 1...(1 << 24))
    try context.range(
      patchesOut, "patches out", 1...patchesIn + (isKept.unused == nil ? 0 : 1))
    try context.require(
      isKept.rows == 1 && (0...1).contains(patchesOut - isKept.columns), "kept",
      "\(patchesOut) indices, or one fewer", "\(isKept.columns)")
    try context.buffer(destination, "destination", .int32, rows: 1, columns: patchesIn)
  }
}
