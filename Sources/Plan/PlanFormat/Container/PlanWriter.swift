package import ModelFacts
package import ModelGraph
internal import Records
package import Tensors

/// Writes a plan: weights first, streamed one constant after the other, then the tables, then the
/// header over the place that was left for it.
package struct PlanWriter: ~Copyable {
  private var output: OutputFile

  /// What is blamed when the plan would not hold.
  private let source: String

  /// The constants written so far.
  package private(set) var constants: [ConstantRecord] = []

  /// Starts a plan at `path` that is made of `sources`, which must not change meanwhile.
  package init(path: String, from sources: [MappedFile]) throws {
    source = sources.first?.path ?? path
    output = try Self.start(path: path, from: sources)
  }

  private static func start(path: String, from sources: [MappedFile]) throws -> OutputFile {
    var output = try OutputFile(path: path, from: sources)
    try output.pad(toOffset: PlanLayout.weightsOffset)
    return output
  }

  /// Appends a constant whose `offset`, `byteCount` and `checksum` are filled in here.
  package mutating func append(_ record: ConstantRecord, bytes: UnsafeRawBufferPointer) throws {
    var record = record
    record.offset = output.count - PlanLayout.weightsOffset
    record.byteCount = bytes.count
    record.checksum = Int(bitPattern: UInt(XXH64.hash(bytes)))
    try output.append(bytes)
    try output.pad(to: PlanLayout.alignment)
    constants.append(record)
  }

  /// Appends a constant of another plan, whose bytes have been verified.
  package mutating func copy(_ record: ConstantRecord, of plan: PlanFile) throws {
    try plan.withWeights { weights in
      let bytes = weights[record.offset..<record.offset + record.byteCount]
      try append(record, bytes: UnsafeRawBufferPointer(rebasing: bytes))
    }
  }

  /// Copies the first constants of another plan as they are; only before any other.
  package mutating func copy(_ records: ArraySlice<ConstantRecord>, of plan: PlanFile) throws {
    precondition(constants.isEmpty && records.startIndex == 0)
    guard let last = records.last else { return }
    let end = PlanLayout.aligned(last.offset + last.byteCount)
    let start = PlanLayout.weightsOffset
    try output.append(start..<start + end, of: plan.mapped)
    constants = Array(records)
  }

  /// Writes everything but the weights and lets the plan appear.
  /// - Parameter cascade: what makes it a combined plan.
  /// - Throws: `InputError` where a reader would refuse the plan, since what it was made from does
  ///   not fit together, or if it cannot be written.
  package consuming func finish(
    facts: ModelFacts, labels: Labels, program: Program, graph: Graph, recipe: RewriteRecipe,
    cascade: PlanCascade? = nil
  ) throws {
    try PlanFile.verify(
      facts: facts, labels: labels, constants: constants,
      weightsBytes: output.count - PlanLayout.weightsOffset, program: program, recipe: recipe,
      cascade: cascade, file: source)
    let record = GraphRecord(graph)
    _ = try record.graph(constants: graph.constants, file: source)
    var sections = [
      Section(
        kind: .weights, offset: PlanLayout.weightsOffset,
        byteCount: output.count - PlanLayout.weightsOffset, checksum: 0)
    ]
    let programs = [program, cascade?.fallback].compactMap(\.self)
    var contents: [(SectionKind, [UInt8])] = [
      (.facts, try RecordWriter.bytes(of: facts)),
      (.labels, try RecordWriter.bytes(of: labels)),
      (.constants, try RecordWriter.bytes(of: ConstantTable(constants))),
      (
        .programs,
        try RecordWriter.bytes(
          of: ProgramTable(PlanProgram(program, recipe: recipe), cascade: cascade))
      ),
      (.graph, try RecordWriter.bytes(of: record)),
      (.origin, try RecordWriter.bytes(of: PlanOrigin.current(programs, constants, facts))),
    ]
    if let cascade { contents.append((.cascade, try RecordWriter.bytes(of: cascade.record))) }
    if facts.details != ModelDetails() {
      contents.append((.details, try RecordWriter.bytes(of: facts.details)))
    }
    if let width = facts.otherPatchWidth {
      contents.append((.patches, try RecordWriter.bytes(of: PatchWidth(width))))
    }
    for (kind, bytes) in contents {
      sections.append(
        Section(
          kind: kind, offset: output.count, byteCount: bytes.count, checksum: XXH64.hash(bytes)))
      try output.append(bytes)
      try output.pad(to: PlanLayout.alignment)
    }
    try output.overwrite(Self.head(sections, fileBytes: output.count), at: 0)
    try output.commit()
  }

  /// The header and the section table.
  private static func head(_ sections: [Section], fileBytes: Int) -> [UInt8] {
    var table = RecordWriter()
    for section in sections {
      table.append(section.kind.rawValue)
      table.append(UInt32(0))
      table.append(UInt64(section.offset))
      table.append(UInt64(section.byteCount))
      table.append(section.checksum)
    }
    var header = RecordWriter()
    for byte in PlanLayout.magic { header.append(byte) }
    header.append(PlanLayout.version)
    header.append(PlanLayout.byteOrder)
    header.append(UInt64(fileBytes))
    header.append(UInt32(sections.count))
    header.append(UInt32(0))
    header.append(XXH64.hash(table.bytes))
    header.append(UInt64(0))
    header.append(UInt64(0))
    header.append(XXH64.hash(header.bytes))
    return header.bytes + table.bytes
  }
}
