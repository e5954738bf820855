package import ModelFacts
package import ModelGraph
internal import Passes
package import PlanFormat
internal import Records
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
    let (base, executable) = try InputError.wrappingGraphErrors(of: file) {
      let base = try PassDriver(PassList.cleanup).run(graph)
        .compacted { $0.name.hasPrefix(carriedPrefix) }
      return (base, try PassDriver(PassList.fusion).run(base))
    }
    var table = ConstantPlan(base: base, executable: executable, weights: weights)
    let program = try lower(executable, nominal: base, file: file, &table)
    var writer = try PlanWriter(path: path, from: sources)
    var nonFinite: [NonFiniteWeight] = []
    for (index, entry) in table.entries.enumerated() {
      let found = try write(entry, of: executable, to: &writer)
      // What was folded of a tensor repeats what is in it; it counts where folding alone made it so.
      if let found, index < base.constants.count || nonFinite.isEmpty { nonFinite.append(found) }
    }
    try writer.finish(
      facts: facts, labels: labels, program: program,
      graph: try RecordWriter.bytes(of: GraphRecord(base)), recipe: RewriteRecipe())
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
    var base = try baseGraph(of: plan)
    let copied = base.constants.count
    for constant in extra { _ = base.add(constant) }
    let rewritten = try rewritten(base, recipe, plan)
    let executable = try InputError.wrappingGraphErrors(of: plan.path) {
      try PassDriver(PassList.fusion).run(rewritten)
    }
    var table = ConstantPlan(base: base, executable: executable, weights: plan.weightElement)
    let program = try lower(executable, nominal: rewritten, file: plan.path, &table)
    var writer = try PlanWriter(path: path, from: [plan.mapped])
    try writer.copy(plan.constants[..<copied], of: plan)
    for entry in table.entries[copied...] { try write(entry, of: executable, to: &writer) }
    try writer.finish(
      facts: plan.facts, labels: plan.labels, program: program,
      graph: try RecordWriter.bytes(of: GraphRecord(base)), recipe: recipe)
    return (base, rewritten)
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
    let passes = RewritePasses.passes(for: recipe, model: plan.facts) + [EliminateDeadNodes()]
    return try InputError.wrappingGraphErrors(of: plan.path) { try PassDriver(passes).run(graph) }
  }

  /// The graph that a plan was lowered from before any rewrite.
  package static func baseGraph(of plan: PlanFile) throws -> Graph {
    let record = try plan.withGraph {
      try RecordReader.read(GraphRecord.self, from: $0, file: plan.path, section: "graph")
    }
    let constants = plan.constants.enumerated().map { index, record in
      Constant(
        name: record.name, shape: Shape(record.shape), parameters: record.parameters,
        storedAt: index, layout: record.layout.rawValue
      ) { plan.unpackedValues(of: index) }
    }
    return try record.graph(constants: constants, file: plan.path)
  }

  /// The graph that a plan executes, before fusion: its base graph, rewritten as its recipe says.
  package static func executableGraph(of plan: PlanFile) throws -> Graph {
    try rewritten(try baseGraph(of: plan), plan.recipe, plan)
  }

  private static func lower(
    _ executable: Graph, nominal: Graph, file: String, _ table: inout ConstantPlan
  ) throws -> Program {
    var collected = table
    var program = try withoutActuallyEscaping(
      { (id: ConstantID, layout: ConstantLayout) in collected.index(of: id, layout) }
    ) { try Lowering.lower(executable, file: file, constantIndex: $0) }
    table = collected
    program.multiplyAdds = nominal.multiplyAdds
    program.executedMultiplyAdds = executable.executedMultiplyAdds
    return program
  }

  /// Writes a constant.
  /// - Returns: it, if it holds NaN or infinity.
  @discardableResult
  private static func write(
    _ entry: ConstantPlan.Entry, of graph: Graph, to writer: inout PlanWriter
  ) throws -> NonFiniteWeight? {
    let constant = graph.constant(entry.id)
    var record = ConstantRecord()
    record.name = constant.name
    record.shape = constant.shape.extents
    record.layout = entry.layout
    record.element = entry.element
    record.parameters = constant.parameters
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
