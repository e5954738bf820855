package import ModelFacts
package import ModelGraph
package import PlanFormat
internal import Tensors

/// A fused graph, lowered: the program and the constants of the plan that is made of it.
package struct LoweredGraph {
  /// What the plan stores as its graph; its constants are the first of the table.
  let base: Graph

  /// The base graph as it is executed, after fusion: one node for each kernel.
  let executable: Graph

  /// The constants that the plan stores.
  private(set) var table: ConstantPlan

  /// What the plan executes.
  package let program: Program

  /// What a combined plan executes where that is not sure; nil for any other.
  private(set) var fallback: Program?

  /// Lowers a graph.
  /// - Parameters:
  ///   - executable: `rewritten`, fused.
  ///   - rewritten: `base`, or what a rewrite made of it; its cost is that of the model.
  ///   - base: what the plan stores, so that a rewrite can start from it.
  ///   - weights: how the weights of products are stored that no plan stores yet.
  ///   - file: what errors name.
  /// - Throws: `InputError` naming the node that cannot be lowered.
  package init(
    _ executable: Graph, of rewritten: Graph, base: Graph, weights: MatrixElement,
    file: String
  ) throws {
    var table = ConstantPlan(base: base, executable: executable, weights: weights)
    program = try Self.lower(executable, of: rewritten, &table, file: file)
    (self.base, self.executable, self.table) = (base, executable, table)
  }

  /// Adds a second program over the same constants: that of the base graph, so that the plan is a combined one.
  /// - Parameters:
  ///   - executable: `whole`, fused; both have the base graph's constants alone.
  ///   - whole: the base graph as it is executed; its cost is that of the model.
  package mutating func addFallback(
    _ executable: Graph, of whole: Graph, file: String
  ) throws {
    precondition(executable.constants.count == base.constants.count, "nothing adds constants")
    fallback = try Self.lower(executable, of: whole, &table, file: file)
  }

  private static func lower(
    _ executable: Graph, of rewritten: Graph, _ table: inout ConstantPlan, file: String
  ) throws -> Program {
    var own = table
    var program = try withoutActuallyEscaping(
      { (id: ConstantID, layout: MatrixLayout) in own.index(of: id, layout) }
    ) { try Lowering.lower(executable, file: file, constantIndex: $0) }
    table = own
    program = program.choosingAttention { own.entries[$0].element == .int8 }
    program.multiplyAdds = rewritten.multiplyAdds
    program.executedMultiplyAdds = executable.executedMultiplyAdds
    return program
  }

  /// The constant of an entry of the table.
  func constant(_ entry: ConstantPlan.Entry) -> Constant {
    // A rewrite may give constants that it does not read another name.
    (base.constants.indices.contains(entry.id.index) ? base : executable).constant(entry.id)
  }

  /// What the plan says of a constant, but for its place.
  func record(of entry: ConstantPlan.Entry) -> ConstantRecord {
    let constant = constant(entry)
    var record = ConstantRecord()
    record.name = constant.name
    record.shape = constant.shape.extents
    record.layout = entry.layout
    record.element = entry.element
    record.parameters = constant.parameters
    return record
  }
}
