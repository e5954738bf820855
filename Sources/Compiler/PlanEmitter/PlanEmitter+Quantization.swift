package import PlanFormat
internal import Tensors

extension PlanEmitter {
  /// Writes a plan with some of its weights in eight bits and attention that follows from it, whole or not at all; all
  /// else is as it was.
  ///
  /// One constant at a time is in memory.
  /// - Parameters:
  ///   - constants: which of the graph's constants become int8, by number; layout and shape must allow it.
  ///   - addsOriginals: whether those are there too as they were, behind all others, for programs that choose.
  /// - Returns: the numbers of these, by the numbers of what became int8.
  /// - Throws: `InputError` naming a constant that is damaged or not finite, or `path`.
  @discardableResult
  package static func quantize(
    _ plan: PlanFile, constants: Set<Int>, addsOriginals: Bool = false, to path: String
  ) throws -> [Int: Int] {
    var writer = try PlanWriter(path: path, from: [plan.mapped])
    for index in plan.constants.indices {
      // Bytes get new checksums, which damaged ones must not.
      try plan.verifyConstant(index)
      var record = plan.constants[index]
      guard constants.contains(index) else {
        try writer.copy(record, of: plan)
        continue
      }
      record.element = .int8
      guard let matrix = record.matrix else {
        throw InputError(
          file: plan.path, field: "constant \(index) \(record.name)",
          expected: "weights of a linear layer", found: "\(record.layout) of \(record.shape)")
      }
      // The values, their bytes, and two to spare for what unpacks them.
      try ByteBuffer.require(4 * MemoryLayout<Float>.stride * matrix.count, for: record.name)
      let packed = try matrix.packed(try plan.graph.constants[index].values(), name: record.name)
      try writer.append(record, bytes: UnsafeRawBufferPointer(packed.bytes))
    }
    var originals: [Int: Int] = [:]
    for index in constants.sorted() where addsOriginals {
      originals[index] = writer.constants.count
      try writer.copy(plan.constants[index], of: plan)
    }
    var cascade = plan.cascade
    if let fallback = cascade?.fallback {
      cascade?.fallback = fallback.choosingAttention(isInt8: constants.contains)
    }
    try writer.finish(
      facts: plan.facts, labels: plan.labels,
      program: plan.program.choosingAttention(isInt8: constants.contains), graph: plan.graph,
      recipe: plan.recipe, cascade: cascade)
    return originals
  }
}
