package import ModelFacts
internal import ModelGraph
package import PlanFormat
package import Tensors

/// Writes plans of graphs that are lowered.
package enum PlanEmitter {
  /// How the weights of products are stored; everything else is float32.
  package typealias WeightElement = ConstantRecord.Element

  /// Writes a plan to `path`, whole or not at all.
  ///
  /// One constant at a time is in memory. The same graph gives the same bytes.
  /// - Parameters:
  ///   - lowered: what the plan executes and stores.
  ///   - recipe: how the base graph was rewritten.
  ///   - plan: the plan whose constants are the base graph's first; they are copied without being read.
  ///   - sources: the files that the other constants are in, which must not change meanwhile.
  /// - Returns: the weights that hold NaN or infinity, but for those that are copied.
  /// - Throws: `InputError` naming the first of the sources, or `path`, and what does not hold.
  @discardableResult
  package static func emit(
    _ lowered: LoweredGraph, facts: ModelFacts, labels: Labels, recipe: RewriteRecipe,
    copying plan: PlanFile? = nil, to path: String, from sources: [MappedFile]
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
      facts: facts, labels: labels, program: lowered.program, graph: lowered.base, recipe: recipe)
    return nonFinite
  }

  /// Writes a constant.
  /// - Returns: it, if it holds NaN or infinity.
  private static func write(
    _ entry: ConstantPlan.Entry, of lowered: LoweredGraph, to writer: inout PlanWriter
  ) throws -> NonFiniteWeight? {
    let (constant, record) = (lowered.constant(entry), lowered.record(of: entry))
    // The values, two steps of packing, and one to spare for what computes them.
    try ByteBuffer.require(
      4 * MemoryLayout<Float>.stride * constant.shape.elementCount, for: constant.name)
    let values = try constant.values()
    let nonFinite = NonFiniteWeight(values, of: constant)
    let packed = WeightPacking.pack(
      values, shape: constant.shape.extents, layout: entry.layout)
    switch entry.element {
    case .float32: try packed.withUnsafeBytes { try writer.append(record, bytes: $0) }
    case .float16:
      let halves = try WeightPacking.halves(packed, name: constant.name)
      try halves.withUnsafeBytes { try writer.append(record, bytes: $0) }
    }
    return nonFinite
  }
}
