package import PlanFormat
internal import Records
internal import Tensors

extension LoweredGraph {
  /// Throws unless a plan's program, a combined plan's second one, and its constants' records are these.
  /// - Throws: `InputError` naming the first constant, step or number that differs.
  package func requireProgram(of plan: PlanFile) throws {
    try ProgramCheck(plan: plan, lowered: self).run()
  }

  /// Throws an error naming the first constant of a plan that is another than the program takes it for.
  package func requireConstants(of plan: PlanFile) throws {
    try ProgramCheck(plan: plan, lowered: self).checkConstants()
  }
}

/// A plan beside what its graph lowers to.
private struct ProgramCheck {
  let plan: PlanFile
  let lowered: LoweredGraph

  func checkConstants() throws {
    let constants = zip(lowered.table.entries, plan.constants).map { entry, found in
      var record = lowered.record(of: entry)
      (record.offset, record.byteCount) = (found.offset, found.byteCount)
      record.checksum = found.checksum
      return record
    }
    for (index, (expected, found)) in zip(constants, plan.constants).enumerated() {
      try compare(expected, found, "constant \(index) \(found.name)")
    }
    try compare(lowered.table.entries.count, plan.constants.count, "constants")
  }

  func run() throws {
    try checkConstants()
    try comparePrograms(lowered.program, plan.program, "program")
    if let expected = lowered.fallback, let found = plan.cascade?.fallback {
      try comparePrograms(expected, found, "fallback, program")
    }
  }

  private func comparePrograms(_ expected: Program, _ found: Program, _ name: String) throws {
    for (index, (expected, found)) in zip(expected.steps, found.steps).enumerated() {
      try compare(expected, found, "\(name), step \(index) (\(found.step.kind.word))")
    }
    try compare(expected.steps.count, found.steps.count, "\(name), steps")
    try compare(expected.buffers, found.buffers, "\(name), buffer")
    try compare(expected.stages, found.stages, "\(name), stage")
    try compare(expected.withoutLists, found.withoutLists, name)
  }

  private func compare<R: Record>(_ expected: [R], _ found: [R], _ name: String) throws {
    for (index, (expected, found)) in zip(expected, found).enumerated() {
      try compare(expected, found, "\(name) \(index)")
    }
    try compare(expected.count, found.count, "\(name)s")
  }

  private func compare<R: Record>(_ expected: R, _ found: R, _ name: String) throws {
    // Bytes, since a NaN is not equal to itself.
    guard try RecordWriter.bytes(of: expected) != RecordWriter.bytes(of: found) else { return }
    let difference =
      RecordPrinter.difference(expected, found) ?? ("bytes", "the same", "others")
    throw error("\(name), \(difference.name)", difference.first, difference.second)
  }

  private func compare(_ expected: Int, _ found: Int, _ field: String) throws {
    guard expected == found else { throw error(field, "\(expected)", "\(found)") }
  }

  private func error(_ field: String, _ expected: String, _ found: String) -> InputError {
    InputError(
      file: plan.path, field: field, expected: "\(expected), as the plan's graph lowers to",
      found: "\(found); damaged, or by another vitc: make it anew with "
        + "vitc convert CHECKPOINT -o PLAN")
  }
}

extension Program {
  /// Its numbers alone.
  fileprivate var withoutLists: Program {
    var program = self
    (program.buffers, program.steps, program.stages) = ([], [], [])
    return program
  }
}
