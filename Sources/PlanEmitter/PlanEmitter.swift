package import ModelFacts
package import ModelGraph
internal import Passes
package import PlanFormat
package import Tensors

/// Writes plans: from a graph that a family raised, or from another plan's base graph.
package enum PlanEmitter {
  /// How the weights of products are stored; everything else is float32.
  package typealias WeightElement = ConstantRecord.Element

  /// Names of constants that no node reads but a plan carries, for a later rewrite.
  package static let carriedPrefix = MultiScaleWeights.prefix

  /// Converts a raised graph: folds, fuses, lowers and writes it to `path`.
  ///
  /// One constant at a time is in memory. The same graph gives the same bytes.
  /// - Parameter sources: the files that the graph's constants are in, which must not change meanwhile.
  /// - Returns: the weights that hold NaN or infinity.
  /// - Throws: `InputError` naming the first of `sources`, or `path`, and the node that does not hold.
  @discardableResult
  package static func convert(
    _ graph: Graph, facts: ModelFacts, labels: Labels, weights: WeightElement, to path: String,
    from sources: [MappedFile]
  ) throws -> [NonFiniteWeight] {
    let file = sources.first?.path ?? path
    let base = try InputError.wrappingGraphErrors(of: file) {
      try PassDriver(PassList.cleanup).run(graph)
        .compacted { $0.name.hasPrefix(carriedPrefix) }
    }
    let lowered = try LoweredGraph(base, of: base, weights: weights, file: file)
    var writer = try PlanWriter(path: path, from: sources)
    var nonFinite: [NonFiniteWeight] = []
    for (index, entry) in lowered.table.entries.enumerated() {
      let found = try write(entry, of: lowered, to: &writer)
      // What was folded of a tensor repeats what is in it; it counts where folding alone made it so.
      if let found, index < base.constants.count || nonFinite.isEmpty { nonFinite.append(found) }
    }
    try writer.finish(
      facts: facts, labels: labels, program: lowered.program, graph: base,
      recipe: RewriteRecipe())
    return nonFinite
  }

  /// Rewrites a plan's base graph as `recipe` says and writes the result to `path`.
  ///
  /// The base graph's weights are copied as they are, without being read.
  /// - Parameter extra: constants named `multiscale.*` that the base graph carries from now on.
  /// - Returns: the graph before and after.
  @discardableResult
  package static func rewrite(
    _ plan: PlanFile, recipe: RewriteRecipe, extra: [Constant] = [], to path: String
  ) throws -> (base: Graph, rewritten: Graph) {
    var base = plan.graph
    let copied = base.constants.count
    for constant in extra { _ = base.add(constant) }
    let lowered = try LoweredGraph(
      try rewritten(base, recipe, plan), of: base, weights: plan.weightElement, file: plan.path)
    var writer = try PlanWriter(path: path, from: [plan.mapped])
    try writer.copy(plan.constants[..<copied], of: plan)
    for entry in lowered.table.entries[copied...] { try write(entry, of: lowered, to: &writer) }
    try writer.finish(
      facts: plan.facts, labels: plan.labels, program: lowered.program, graph: base,
      recipe: recipe)
    return (base, lowered.rewritten)
  }

  private static func rewritten(
    _ base: Graph, _ recipe: RewriteRecipe, _ plan: PlanFile
  ) throws -> Graph {
    var graph = base
    if recipe.isIdentityInitialised {
      // Behind the base graph's constants and before any of these names that it may carry.
      graph.renameConstants { $0.hasPrefix(MultiScaleWeights.prefix) ? "unused \($0)" : $0 }
      for constant in MultiScaleWeights.identity(
        width: plan.facts.embedDim, gridHeight: plan.facts.gridHeight,
        gridWidth: plan.facts.gridWidth)
      {
        _ = graph.add(constant)
      }
    }
    let passes =
      try RewritePasses.passes(for: recipe, model: plan.facts, file: plan.path)
      + [EliminateDeadNodes()]
    return try InputError.wrappingGraphErrors(of: plan.path) { try PassDriver(passes).run(graph) }
  }

  /// The graph that a plan executes, before fusion: its base graph, rewritten as its recipe says.
  package static func executableGraph(of plan: PlanFile) throws -> Graph {
    try rewritten(plan.graph, plan.recipe, plan)
  }

  /// Writes a constant.
  /// - Returns: it, if it holds NaN or infinity.
  @discardableResult
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
