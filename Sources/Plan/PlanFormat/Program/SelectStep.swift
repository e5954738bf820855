package import ModelFacts
package import Records

/// Which patch tokens an image keeps, as many as its own scores say.
package struct SelectStep: StepPayload {
  package static let kind = StepKind.select

  package var features: Set<PlanFeature> { [.adaptive] }

  package var rule = SelectionRule.above

  /// Of above: what a score must reach.
  package var threshold = Threshold()

  /// Of sampled: how many steps are taken.
  package var steps = 0

  /// `[1, N]`.
  package var scores = 0

  /// `[1, N]`, int32: the patch position behind each new one.
  package var kept = 0

  /// `[1, N]`, int32: the new patch position of each old one, -1 for one that left.
  package var destination = 0

  /// `[1, 1]`, int32: how many of the N places of kept are not in use.
  package var unused: Int?

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("rule", choice: &rule)
    try coder.code("threshold", record: &threshold)
    try coder.code("steps", &steps)
    try coder.code("scores", &scores)
    try coder.code("kept", &kept)
    try coder.code("destination", &destination)
    try coder.code("unused", optional: &unused)
  }

  package func verify(_ context: StepContext) throws {
    let patches = try context.buffer(scores, "scores").columns
    try context.buffer(scores, "scores", rows: 1, columns: patches)
    try context.require(
      threshold.value.isFinite && (rule == .above || threshold.value == 0), "threshold",
      rule == .above ? "a finite number" : "0 where steps decide", "\(threshold.value)")
    switch rule {
    case .above: try context.range(steps, "steps", 0...0)
    case .sampled: try context.range(steps, "steps", 2...(1 << 24))
    }
    try context.kept(kept, destination, countedBy: unused, of: patches)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    ranges.keepAny(of: ranges.buffers[kept].columns, kept, destination, unused)
  }

  package var step: Step { .select(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.columns(scores), .columns(destination)], [.columns(kept)]]
  }

  package var reads: [Int] { [scores] }
  package var writes: [Int] { [kept, destination] + [unused].compactMap(\.self) }
  package var constants: [Int] { [] }
}

extension StepContext {
  /// Throws unless results have room for any number of `patches` tokens, and a count says how many are kept.
  func kept(_ kept: Int, _ destination: Int, countedBy unused: Int?, of patches: Int) throws {
    try buffer(kept, "kept", .int32, rows: 1, columns: patches)
    try buffer(destination, "destination", .int32, rows: 1, columns: patches)
    try require(unused != nil, "unused", "a buffer", "none")
    if let unused { try buffer(unused, "unused", .int32, rows: 1, columns: 1) }
    let found = buffers[kept].unused
    try require(
      found == unused.map { UnusedRecord($0, along: .columns) }, "kept",
      "columns less those that buffer \(unused ?? -1) says",
      found.map { "\($0.axis.word) less those of buffer \($0.buffer)" } ?? "one all in use")
  }
}

extension IndexRanges {
  /// What is written by a step that keeps any number of `patches` tokens.
  mutating func keepAny(of patches: Int, _ kept: Int, _ destination: Int, _ unused: Int?) {
    self[kept] = 0...patches - 1
    self[destination] = -1...patches - 1
    if let unused { self[unused] = 0...patches }
  }
}
