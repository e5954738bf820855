package import ModelFacts
package import Records

/// Numbers of the tokens that are kept.
package struct PickStep: StepPayload {
  package static let kind = StepKind.pick

  package var features: Set<PlanFeature> { [.methods] }

  /// `[1, N]`.
  package var input = 0

  /// `[1, K]`, int32.
  package var kept = 0

  /// `[1, K]`.
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("input", &input)
    try coder.code("kept", &kept)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    let patches = try context.buffer(input, "input").columns
    try context.buffer(input, "input", rows: 1, columns: patches)
    let keep = try context.buffer(kept, "kept", .int32).columns
    try context.buffer(kept, "kept", .int32, rows: 1, columns: keep)
    try context.buffer(output, "output", rows: 1, columns: keep)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    try ranges.require(kept, below: ranges.buffers[input].columns, "step \(step), kept")
  }

  package var step: Step { .pick(self) }

  package var reads: [Int] { [input, kept] }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [] }
}

/// Tokens that waited, joined with those that went on.
package struct RestoreStep: StepPayload {
  package static let kind = StepKind.restore

  package var features: Set<PlanFeature> { [.methods] }

  /// Where the tokens lie.
  package var axis = TokenAxis.rows

  /// Tokens in front of the patch tokens, which never wait; 0 where tokens are columns.
  package var prefix = 0

  /// `[prefix + N, D]`, or `[1, N]`.
  package var waiting = 0

  /// `[prefix + K, D]`, or `[1, K]`.
  package var moved = 0

  /// `[1, N]`, int32: where each patch token went on, -1 for one that waited.
  package var destination = 0

  /// As `waiting`.
  package var output = 0

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("axis", choice: &axis)
    try coder.code("prefix", &prefix)
    try coder.code("waiting", &waiting)
    try coder.code("moved", &moved)
    try coder.code("destination", &destination)
    try coder.code("output", &output)
  }

  package func verify(_ context: StepContext) throws {
    let (before, after) = (
      try context.buffer(waiting, "waiting"), try context.buffer(moved, "moved")
    )
    try context.range(prefix, "prefix", axis == .rows ? ModelFacts.prefixCounts : 0...0)
    let isAlong = axis == .rows
    try context.require(
      isAlong ? before.columns == after.columns : before.rows == 1 && after.rows == 1, "moved",
      isAlong ? "\(before.columns) columns" : "one row, as waiting has",
      "[\(after.rows), \(after.columns)] beside [\(before.rows), \(before.columns)]")
    try context.require(
      count(after) > prefix && count(after) < count(before), "moved",
      "\(prefix + 1) to \(count(before) - 1) tokens", "\(count(after))")
    try context.buffer(
      destination, "destination", .int32, rows: 1, columns: count(before) - prefix)
    try context.buffer(output, "output", rows: before.rows, columns: before.columns)
    try context.disjointResults(of: self)
  }

  private func count(_ buffer: BufferRecord) -> Int {
    axis == .rows ? buffer.rows : buffer.columns
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    try ranges.require(
      destination, below: count(ranges.buffers[moved]) - prefix, from: -1,
      "step \(step), destination")
  }

  package var step: Step { .restore(self) }

  package var reads: [Int] { [waiting, moved, destination] }
  package var writes: [Int] { [output] }
  package var constants: [Int] { [] }
}
