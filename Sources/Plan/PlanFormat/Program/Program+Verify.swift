internal import Tensors

extension Program {
  /// The largest arena that a plan may ask for, per image.
  package static let maximumArenaBytes = 1 << 34

  /// The most buffers, and the most steps, that a plan may have.
  package static let maximumCount = 16384

  /// Throws unless every step can be executed inside its buffers: operands exist and have the
  /// shapes that the fields ask for, buffers lie in the arena, are written before they are read
  /// and never share bytes with another that is in use, and indices can only be ones that lie inside
  /// what they point into.
  ///
  /// After it has passed, no step reads or writes outside its buffers and constants, whatever the
  /// values in them are.
  package func verify(constants: [ConstantRecord], file: String) throws {
    guard buffers.count <= Self.maximumCount, steps.count <= Self.maximumCount else {
      throw error(
        "buffers and steps", "at most \(Self.maximumCount)", "\(buffers.count), \(steps.count)",
        file: file)
    }
    try verifyBuffers(file: file)
    try verifyCounts(file: file)
    for (index, record) in steps.enumerated() {
      let context = StepContext(
        buffers: buffers, constants: constants, file: file, step: index,
        kind: record.step.kind)
      try record.step.payload.verify(context)
      guard !record.step.payload.writes.contains(input) else {
        throw error(
          "step \(index), output", "a buffer of the arena", "the input image", file: file)
      }
    }
    for (index, stage) in stages.enumerated() {
      try stage.verify(
        StepContext(
          buffers: buffers, constants: constants, file: file, step: index, kind: nil))
    }
    try verifyLifetimes(file: file)
    try verifyIndices(file: file)
  }

  /// Operations that the steps take for one image, roughly; of a verified program. What the plan says
  /// about itself in ``multiplyAdds`` need not be so.
  package func work(constants: [ConstantRecord]) -> Double {
    steps.reduce(0) { total, record in
      let context = StepContext(
        buffers: buffers, constants: constants, file: "", step: 0, kind: record.step.kind)
      return total + record.step.payload.work(context)
    }
  }

  private func error(_ field: String, _ expected: String, _ found: String, file: String)
    -> InputError
  {
    InputError(file: file, field: "program, \(field)", expected: expected, found: found)
  }

  private func verifyBuffers(file: String) throws {
    guard (0...Self.maximumArenaBytes).contains(arenaBytes), arenaBytes % 64 == 0 else {
      throw error(
        "arena_bytes", "a multiple of 64 up to \(Self.maximumArenaBytes)", "\(arenaBytes)",
        file: file)
    }
    guard buffers.indices.contains(input) else {
      throw error("input", "one of \(buffers.count) buffers", "\(input)", file: file)
    }
    for (index, buffer) in buffers.enumerated() {
      let name = "buffer \(index)"
      guard (1...(1 << 24)).contains(buffer.rows), (1...(1 << 24)).contains(buffer.columns),
        buffer.byteCount <= Self.maximumArenaBytes
      else {
        throw error(
          name, "extents from 1 to 2^24 and at most \(Self.maximumArenaBytes) bytes",
          "[\(buffer.rows), \(buffer.columns)]", file: file)
      }
      if index == input {
        guard buffer.offset == -1, buffer.element == .float32 else {
          throw error(name, "the input image at offset -1", "\(buffer.offset)", file: file)
        }
      } else {
        guard buffer.offset >= 0, buffer.offset % 64 == 0,
          buffer.offset <= arenaBytes - buffer.byteCount
        else {
          throw error(
            name, "a 64-byte aligned place in \(arenaBytes) bytes",
            "\(buffer.byteCount) bytes at \(buffer.offset)", file: file)
        }
      }
    }
    try verifyOutputs(file: file)
  }

  /// The buffers that are read when the steps have run.
  var results: [Int] {
    outputs.map(\.rows.buffer) + stages.flatMap { [$0.kept, $0.destination] }
  }

  /// The buffers that say how many tokens of these are not in use.
  private func counts(of touched: [Int]) -> [Int] {
    touched.compactMap { buffers[$0].unused?.buffer }
  }

  /// First and last step that touches each buffer; nil when none does.
  package func lifetimes() -> [ClosedRange<Int>?] {
    var lifetimes = [ClosedRange<Int>?](repeating: nil, count: buffers.count)
    func touch(_ buffer: Int, at step: Int) {
      let first = lifetimes[buffer]?.lowerBound ?? step
      lifetimes[buffer] = first...step
    }
    for (index, record) in steps.enumerated() {
      let payload = record.step.payload
      let touched = payload.reads + payload.writes
      for buffer in touched + counts(of: touched) { touch(buffer, at: index) }
    }
    let end = steps.count
    for buffer in results + counts(of: results) where lifetimes[buffer] != nil {
      touch(buffer, at: end)
    }
    return lifetimes
  }

  private func verifyLifetimes(file: String) throws {
    var isWritten = [Bool](repeating: false, count: buffers.count)
    isWritten[input] = true
    for (index, record) in steps.enumerated() {
      let payload = record.step.payload
      for buffer in payload.reads where !isWritten[buffer] {
        throw error(
          "step \(index), operand", "a buffer written before", "buffer \(buffer)", file: file)
      }
      for buffer in payload.writes { isWritten[buffer] = true }
    }
    for buffer in results
    where !isWritten[buffer] {
      throw error("results", "buffers that a step writes", "buffer \(buffer)", file: file)
    }
    let lifetimes = lifetimes()
    let live = buffers.indices.filter { $0 != input && lifetimes[$0] != nil }
      .sorted { buffers[$0].offset < buffers[$1].offset }
    for (position, first) in live.enumerated() {
      let end = buffers[first].offset + buffers[first].byteCount
      for second in live[(position + 1)...] {
        guard buffers[second].offset < end else { break }
        if let a = lifetimes[first], let b = lifetimes[second], a.overlaps(b) {
          throw error(
            "buffers \(first) and \(second)", "different places while both are in use",
            "bytes \(buffers[second].offset) to \(end) shared", file: file)
        }
      }
    }
  }
}
