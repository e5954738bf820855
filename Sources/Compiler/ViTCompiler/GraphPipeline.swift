package import ModelFacts
package import ModelGraph
internal import Passes
package import PlanEmitter
package import PlanFormat
package import Tensors

// The way of a graph into a plan: which passes run, and what is lowered of their result.
extension PlanCompiler {
  /// Converts a raised graph: folds, fuses, lowers and writes it to `path`.
  ///
  /// One constant at a time is in memory. The same graph gives the same bytes.
  /// - Parameters:
  ///   - recipe: how the plan is rewritten from the beginning, as a model is that was trained so.
  ///   - sources: the files that the graph's constants are in, which must not change meanwhile.
  /// - Returns: the weights that hold NaN or infinity.
  /// - Throws: `InputError` naming the first of `sources`, or `path`, and the node that does not hold.
  @discardableResult
  package static func convert(
    _ graph: Graph, facts: ModelFacts, labels: Labels, recipe: RewriteRecipe = RewriteRecipe(),
    weights: WeightStorage, to path: String, from sources: [MappedFile]
  ) throws -> [NonFiniteWeight] {
    let file = sources.first?.path ?? path
    let base = try InputError.wrappingGraphErrors(of: file) {
      // A plan carries the weights that a rewrite may read.
      try PassDriver(PassList.cleanup).run(graph)
        .compacted { Graph.carries($0.name) }
    }
    let model = try fused(
      try rewritten(base, recipe, facts, file: file), of: base, file: file)
    return try PlanEmitter.emit(
      try lowered(model, weights: weights, file: file), facts: facts, labels: labels,
      recipe: recipe, to: path, from: sources)
  }

  /// Rewrites a plan's base graph as `recipe` says and writes the result to `path`.
  ///
  /// The base graph's weights are copied as they are, without being read.
  /// - Parameters:
  ///   - extra: constants named `multiscale.*` that the base graph carries from now on.
  ///   - cascade: makes a combined plan, which holds the base graph's program too and runs it where the
  ///     rewritten one is not sure; the recipe must then not be empty.
  /// - Returns: what the plan was made of.
  @discardableResult
  package static func rewrite(
    _ plan: PlanFile, recipe: RewriteRecipe, extra: [Constant] = [],
    cascade: CascadeRecord? = nil, to path: String
  ) throws -> RewrittenModel {
    let model = try model(of: plan, recipe: recipe, extra: extra)
    try write(model, recipe: recipe, cascade: cascade, from: plan, to: path)
    return model
  }

  /// What a plan's model becomes as a recipe says, and so what it costs, without a plan being made.
  /// - Parameter extra: as for ``rewrite(_:recipe:extra:cascade:to:)``.
  package static func model(
    of plan: PlanFile, recipe: RewriteRecipe, extra: [Constant] = []
  ) throws -> RewrittenModel {
    var base = plan.graph
    for constant in extra { _ = base.add(constant) }
    return try fused(
      try rewritten(base, recipe, plan.facts, file: plan.path), of: base, file: plan.path)
  }

  /// The program of a plan's model as a recipe rewrites it, over the plan's own constants: no file is written.
  /// - Returns: the program, and what it was made of.
  /// - Throws: `InputError` if the recipe needs constants that the plan does not have.
  package static func program(
    of plan: PlanFile, recipe: RewriteRecipe
  ) throws -> (program: Program, model: RewrittenModel) {
    let model = try model(of: plan, recipe: recipe)
    let lowered = try lowered(model, weights: plan.addedWeights, file: plan.path)
    try lowered.requireConstants(of: plan)
    return (lowered.program, model)
  }

  /// Writes a graph that was made of a plan's base graph, or of one that begins with its constants, as
  /// `recipe` says; what else it says, ``verifyProgram(of:)`` refuses.
  package static func write(
    _ rewritten: Graph, of base: Graph, recipe: RewriteRecipe, from plan: PlanFile,
    to path: String
  ) throws {
    try write(
      try fused(rewritten, of: base, file: plan.path), recipe: recipe, cascade: nil, from: plan,
      to: path)
  }

  private static func write(
    _ model: RewrittenModel, recipe: RewriteRecipe, cascade: CascadeRecord?, from plan: PlanFile,
    to path: String
  ) throws {
    try PlanEmitter.emit(
      try lowered(model, isCascade: cascade != nil, of: plan),
      facts: plan.facts, labels: plan.labels, recipe: recipe, cascade: cascade, copying: plan,
      to: path, from: [])
  }

  /// The graph that a plan executes, before fusion: its base graph, rewritten as its recipe says.
  package static func executableGraph(of plan: PlanFile) throws -> Graph {
    try rewritten(plan.graph, plan.recipe, plan.facts, file: plan.path)
  }

  /// The graph that a combined plan executes where the first one is not sure, before fusion.
  /// - Throws: `InputError` unless it is a combined plan.
  package static func fallbackGraph(of plan: PlanFile) throws -> Graph {
    try plan.requireCascade()
    return try whole(plan.graph, plan)
  }

  /// Writes the dense program of a combined plan as a plan of its own.
  /// - Throws: `InputError` unless it is a combined plan.
  package static func writeFallback(of plan: PlanFile, to path: String) throws {
    try plan.requireCascade()
    try rewrite(plan, recipe: RewriteRecipe(), to: path)
  }

  /// A base graph as it runs where no tokens are taken away.
  static func whole(_ base: Graph, _ plan: PlanFile) throws -> Graph {
    try rewritten(base, RewriteRecipe(), plan.facts, file: plan.path)
  }

  /// Throws unless a plan's program is what its graph lowers to, rewritten as its recipe says, and a combined
  /// plan's second program what the graph lowers to as it is.
  ///
  /// Weights are not read: constants are compared by what the plan says of them.
  /// - Returns: the graph that the plan executes, before fusion, as ``executableGraph(of:)``.
  /// - Throws: `InputError` naming the first constant, step or number that differs.
  @discardableResult
  package static func verifyProgram(of plan: PlanFile) throws -> Graph {
    let model = try model(of: plan, recipe: plan.recipe)
    try lowered(model, isCascade: plan.cascade != nil, of: plan).requireProgram(of: plan)
    return model.rewritten
  }

  private static func fused(
    _ rewritten: Graph, of base: Graph, file: String
  ) throws -> RewrittenModel {
    let executable = try InputError.wrappingGraphErrors(of: file) {
      try PassDriver(PassList.fusion).run(rewritten)
    }
    return RewrittenModel(base: base, rewritten: rewritten, executable: executable)
  }

  /// A model of a plan, lowered, with the base graph's program beside it if that answers too.
  private static func lowered(
    _ model: RewrittenModel, isCascade: Bool, of plan: PlanFile
  ) throws -> LoweredGraph {
    var lowered = try lowered(model, weights: plan.addedWeights, file: plan.path)
    if isCascade {
      let whole = try fused(
        try whole(model.base, plan), of: model.base, file: plan.path)
      try lowered.addFallback(whole.executable, of: whole.rewritten, file: plan.path)
    }
    return lowered
  }

  private static func lowered(
    _ model: RewrittenModel, weights: WeightStorage, file: String
  ) throws -> LoweredGraph {
    try LoweredGraph(
      model.executable, of: model.rewritten, base: model.base, weights: weights, file: file)
  }

  private static func rewritten(
    _ base: Graph, _ recipe: RewriteRecipe, _ facts: ModelFacts, file: String
  ) throws -> Graph {
    var graph = base
    if recipe.isIdentityInitialised {
      // Behind the base graph's constants and before any of these names that it may carry.
      graph.renameConstants { $0.hasPrefix(MultiScaleWeights.prefix) ? "unused \($0)" : $0 }
      for constant in MultiScaleWeights.identity(
        width: facts.embedDim, gridHeight: facts.gridHeight, gridWidth: facts.gridWidth)
      {
        _ = graph.add(constant)
      }
    }
    let passes =
      try RewritePasses.passes(for: recipe, model: facts, file: file)
      + [EliminateDeadNodes()]
    return try InputError.wrappingGraphErrors(of: file) { try PassDriver(passes).run(graph) }
  }
}

/// A plan's model as a recipe rewrites it.
package struct RewrittenModel: Sendable {
  /// What the plan stores.
  package let base: Graph

  /// The base graph as the recipe says.
  package let rewritten: Graph

  /// The same after fusion: one node for each kernel.
  package let executable: Graph

  /// Multiply-adds of an image as papers count them.
  package var multiplyAdds: Int { rewritten.multiplyAdds }

  /// Those that are executed: rows that nothing reads are left out.
  package var executedMultiplyAdds: Int { executable.executedMultiplyAdds }
}

extension PlanFile {
  /// How weights of products are stored that a rewrite adds: as narrow as the plan's own that are not int8.
  fileprivate var addedWeights: PlanCompiler.WeightStorage {
    weightElements.last { $0 != .int8 } ?? .float32
  }
}
