package import Records

/// Which patch tokens an image keeps where the others become one package token.
package struct PackagePartitionStep: StepPayload {
  package static let kind = StepKind.packagePartition

  package var features: Set<PlanFeature> { [.packages] }

  /// How many of the tokens in use, the last, are packages, which are kept.
  package var packages = 0

  /// `[1, N]`: 0 and more keep a token.
  package var scores = 0

  /// `[1, N]`, int32: the position behind each new one.
  package var kept = 0

  /// `[1, N]`, int32: the new position of each old one; of one that is not kept that behind those that are.
  package var destination = 0

  /// `[1, 1]`, int32: how many of the N places of kept are not in use.
  package var unused: Int?

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("packages", &packages)
    try coder.code("scores", &scores)
    try coder.code("kept", &kept)
    try coder.code("destination", &destination)
    try coder.code("unused", optional: &unused)
  }

  package func verify(_ context: StepContext) throws {
    let patches = try context.buffer(scores, "scores").columns
    try context.buffer(scores, "scores", rows: 1, columns: patches)
    try context.range(packages, "packages", 0...patches)
    try context.kept(kept, destination, countedBy: unused, of: patches)
    try context.disjointResults(of: self)
  }

  package func followIndices(_ ranges: inout IndexRanges, step: Int) throws {
    let patches = ranges.buffers[kept].columns
    if let before = ranges.buffers[scores].unused?.buffer {
      try ranges.require(before, below: patches - packages + 1, "step \(step), packages")
    }
    ranges[kept] = 0...patches - 1
    ranges[destination] = -1...patches
    if let unused { ranges[unused] = 0...patches - packages }
  }

  package var step: Step { .packagePartition(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] {
    [[.columns(scores), .columns(destination)], [.columns(kept)]]
  }

  package var reads: [Int] { [scores] }
  package var writes: [Int] { [kept, destination] + [unused].compactMap(\.self) }
  package var constants: [Int] { [] }
}

/// Maximum over the rows that are in use but the last, which are packages.
package struct PatchMaxStep: IndexFreeStep {
  package static let kind = StepKind.patchMax

  package var features: Set<PlanFeature> { [.packages] }

  package var packages = 0
  package var input = RowsOperand()
  package var output = RowsOperand()

  package init() {}

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("packages", &packages)
    try coder.code("input", record: &input)
    try coder.code("output", record: &output)
  }

  package func verify(_ context: StepContext) throws {
    let width = try context.width(input, "input")
    try context.range(packages, "packages", 0...input.count)
    try context.rows(output, "output", count: 1, columns: width)
    try context.distinct(output.buffer, from: [input.buffer])
  }

  package var step: Step { .patchMax(self) }

  package var allowsNone: Bool { true }

  package func tokens(_ buffers: [BufferRecord]) -> [[TokenPlace]] { [[.rows(input)]] }

  package var reads: [Int] { [input.buffer] }
  package var writes: [Int] { [output.buffer] }
  package var constants: [Int] { [] }
}
