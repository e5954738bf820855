package import ModelFacts
internal import ModelGraph
package import PlanFormat
package import Tensors

/// Writes plans of graphs that are lowered.
package enum PlanEmitter {
  /// Writes a plan to `path`, whole or not at all.
  ///
  /// One constant at a time is in memory. The same graph gives the same bytes.
  /// - Parameters:
  ///   - lowered: what the plan executes and stores.
  ///   - recipe: how the base graph was rewritten.
  ///   - cascade: when the second program of a combined plan answers; for a graph that has one.
  ///   - plan: the plan whose constants are the base graph's first; they are copied without being read.
  ///   - sources: the files that the other constants are in, which must not change meanwhile.
  /// - Returns: the weights that hold NaN or infinity, but for those that are copied.
  /// - Throws: `InputError` naming the first of the sources, or `path`, and what does not hold.
  @discardableResult
  package static func emit(
    _ lowered: LoweredGraph, facts: ModelFacts, labels: Labels, recipe: RewriteRecipe,
    cascade: CascadeRecord? = nil, copying plan: PlanFile? = nil, to path: String,
    from sources: [MappedFile]
  ) throws -> [NonFiniteWeight] {
    var writer = try PlanWriter(path: path, from: sources + [plan?.mapped].compactMap(\.self))
    var copied = 0
    if let plan {
      copied = plan.graph.constants.count
      try writer.copy(plan.constants[..<copied], of: plan)
    }
    var nonFinite: [NonFiniteWeight] = []
    for (index, entry) in lowered.table.entries.enumerated().dropFirst(copied) {
      let found = try write(entry, of: lowered, to: &writer)
      // What was folded of a tensor repeats what is in it; it counts where folding alone made it so.
      if let found, index < lowered.base.constants.count || nonFinite.isEmpty {
        nonFinite.append(found)
      }
    }
    try writer.finish(
      facts: facts, labels: labels, program: lowered.program, graph: lowered.base, recipe: recipe,
      cascade: cascade.flatMap { record in
        lowered.fallback.map { PlanCascade(record, fallback: $0) }
      })
    return nonFinite
  }

  /// Writes a constant.
  /// - Returns: it, if it holds NaN or infinity.
  private static func write(
    _ entry: ConstantPlan.Entry, of lowered: LoweredGraph, to writer: inout PlanWriter
  ) throws -> NonFiniteWeight? {
    let (constant, record) = (lowered.constant(entry), lowered.record(of: entry))
    guard let matrix = record.matrix else {
      throw InputError(
        file: constant.name, field: "shape", expected: "one that \(record.layout) can hold",
        found: "\(record.shape)")
    }
    // The values, their bytes, and two to spare for what computes them.
    try ByteBuffer.require(
      4 * MemoryLayout<Float>.stride * constant.shape.elementCount, for: constant.name)
    let values = try constant.values()
    let nonFinite = NonFiniteWeight(values, of: constant)
    let packed = try matrix.packed(values, name: constant.name)
    try writer.append(record, bytes: UnsafeRawBufferPointer(packed.bytes))
    return nonFinite
  }
}
