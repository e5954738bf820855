internal import ModelFacts
internal import Tensors

/// Where a step touches tokens that need not all be in use.
package enum TokenPlace {
  /// The operand's rows are tokens.
  case rows(RowsOperand)

  /// The buffer's columns are tokens.
  case columns(Int)

  var buffer: Int {
    switch self {
    case .rows(let operand): operand.buffer
    case .columns(let buffer): buffer
    }
  }

  var axis: TokenAxis {
    switch self {
    case .rows: .rows
    case .columns: .columns
    }
  }
}

extension Program {
  /// The buffer that says how many of an operand's rows are not in use; nil if all are. Of a verified program.
  package func unusedRows(of operand: RowsOperand) -> Int? {
    let record = buffers[operand.buffer]
    guard record.unused?.axis == .rows, operand.first + operand.count == record.rows else {
      return nil
    }
    return record.unused?.buffer
  }

  /// Throws unless what buffers name as their counts can be one.
  func verifyCounts(file: String) throws {
    func require(_ condition: Bool, _ buffer: Int, _ expected: String, _ found: String) throws {
      guard condition else {
        throw InputError(
          file: file, field: "program, buffer \(buffer), unused", expected: expected, found: found)
      }
    }
    for (index, buffer) in buffers.enumerated() {
      guard let unused = buffer.unused else { continue }
      try require(
        buffers.indices.contains(unused.buffer), index, "one of \(buffers.count) buffers",
        "\(unused.buffer)")
      let count = buffers[unused.buffer]
      try require(
        count.element == .int32 && count.rows == 1 && count.columns == 1 && count.unused == nil,
        index, "an int32 buffer [1, 1] that is all in use",
        "buffer \(unused.buffer), \(count.element) [\(count.rows), \(count.columns)]")
      try require(
        index != input, index, "none of the input image", "buffer \(unused.buffer)")
    }
  }
}

/// Follows the counts of tokens that are not in use from step to step.
///
/// Kernels leave out as many rows as a count says, without a check. A count is only ever what a partition
/// wrote, and each step that touches a buffer with one must know what it means.
struct CountCheck {
  private let buffers: [BufferRecord]
  private let file: String

  /// The buffers that hold counts.
  private var counts: Set<Int> = []

  /// Those that have held one: what was made under one count would mean other tokens under the next.
  private var made: Set<Int> = []

  init(_ program: Program, file: String) {
    buffers = program.buffers
    self.file = file
  }

  /// Throws unless a step, whose results `ranges` knows already, leaves out what is not in use.
  mutating func follow(
    _ payload: some StepPayload, step: Int, _ ranges: IndexRanges
  ) throws {
    let name = "step \(step) (\(type(of: payload).kind.word)), unused"
    counts.subtract(payload.writes)
    if let own = payload.unused { counts.insert(own) }
    let tokens = payload.tokens(buffers)
    let places = tokens.joined()
    for buffer in payload.reads + payload.writes {
      guard let unused = buffers[buffer].unused else { continue }
      try require(
        places.contains { $0.buffer == buffer && $0.axis == unused.axis }, name,
        "a buffer that is all in use", "buffer \(buffer), \(unused.axis.word) of tokens")
      // What a step reads must not change while it runs.
      try require(
        !payload.writes.contains(unused.buffer)
          || (payload.unused == unused.buffer && payload.writes.contains(buffer)), name,
        "a count that was written before", "buffer \(unused.buffer), which the step writes")
      try verify(buffer, unused, ranges, allowsNone: payload.allowsNone, name)
    }
    for group in tokens {
      let found = try group.map {
        try count(of: $0, ranges, allowsNone: payload.allowsNone, name)
      }
      try require(
        found.allSatisfy { $0 == found[0] }, name, "one count for the same tokens",
        found.map { $0.map { "buffer \($0)" } ?? "none" }.joined(separator: ", "))
    }
    if let own = payload.unused {
      try require(
        made.insert(own).inserted, name, "a count of its own", "buffer \(own), another partition's")
    }
  }

  /// Throws unless the counts of the outputs and of the stages' buffers can be read at the end.
  func finish(_ program: Program, _ ranges: IndexRanges) throws {
    for output in program.outputs {
      guard let unused = buffers[output.rows.buffer].unused else { continue }
      let name = "output \(output.role.word), unused"
      try verify(output.rows.buffer, unused, ranges, allowsNone: false, name)
      try require(unused.axis == .rows, name, "rows of tokens", "columns")
      let count = try count(of: .rows(output.rows), ranges, allowsNone: false, name)
      try require(
        count == nil || !output.role.isOneRow, name, "a row that is in use",
        "buffer \(unused.buffer)")
    }
    var entering: Int?
    for (index, stage) in program.stages.enumerated() {
      let destinations = buffers[stage.destination].unused?.buffer
      try require(
        destinations == entering, "stage \(index), destination, unused",
        "the count of the tokens that the stage before kept",
        destinations.map { "buffer \($0)" } ?? "none")
      entering = buffers[stage.kept].unused?.buffer
      for buffer in [stage.kept, stage.destination] {
        guard let unused = buffers[buffer].unused else { continue }
        try verify(buffer, unused, ranges, allowsNone: true, "stage \(index), unused")
        try require(
          unused.axis == .columns, "stage \(index), unused", "columns of tokens", "rows")
      }
    }
  }

  private func verify(
    _ buffer: Int, _ unused: UnusedRecord, _ ranges: IndexRanges, allowsNone: Bool,
    _ name: String
  ) throws {
    try require(
      counts.contains(unused.buffer), name, "a count that a partition wrote before",
      "buffer \(unused.buffer)")
    try ranges.require(
      unused.buffer, below: buffers[buffer].tokens + (allowsNone ? 1 : 0), name)
  }

  /// The count of a place; nil where all tokens are in use.
  private func count(
    of place: TokenPlace, _ ranges: IndexRanges, allowsNone: Bool, _ name: String
  ) throws -> Int? {
    guard let unused = buffers[place.buffer].unused else { return nil }
    switch place {
    case .columns: return unused.buffer
    case .rows(let operand):
      let (end, rows) = (operand.first + operand.count, buffers[operand.buffer].rows)
      let most = ranges[unused.buffer].upperBound
      if end == rows, operand.count >= most + (allowsNone ? 0 : 1) { return unused.buffer }
      try require(
        end <= rows - most, name,
        "rows that are in use, or more than \(most) up to the last of \(rows)",
        "\(operand.count) from \(operand.first)")
      return nil
    }
  }

  private func require(
    _ condition: Bool, _ field: String, _ expected: String, _ found: String
  ) throws {
    guard condition else {
      throw InputError(file: file, field: "program, \(field)", expected: expected, found: found)
    }
  }
}
