internal import ModelGraph
internal import Passes
internal import PlanFormat
internal import Tensors

/// A graph, fused and lowered: the program and the constants of the plan that is made of it.
struct LoweredGraph {
  /// What the plan stores as its graph; its constants are the first of the table.
  let base: Graph

  /// The base graph as it is executed, before fusion.
  let rewritten: Graph

  /// The rewritten graph after fusion: one node for each kernel.
  let executable: Graph

  /// The constants that the plan stores.
  let table: ConstantPlan

  /// What the plan executes.
  let program: Program

  /// Fuses and lowers `rewritten`, which is `base` or was made of it.
  /// - Throws: `InputError` naming `file` and the node that does not hold or cannot be lowered.
  init(
    _ rewritten: Graph, of base: Graph, weights: ConstantRecord.Element, file: String
  ) throws {
    let executable = try InputError.wrappingGraphErrors(of: file) {
      try PassDriver(PassList.fusion).run(rewritten)
    }
    var table = ConstantPlan(base: base, executable: executable, weights: weights)
    var program = try withoutActuallyEscaping(
      { (id: ConstantID, layout: ConstantLayout) in table.index(of: id, layout) }
    ) { try Lowering.lower(executable, file: file, constantIndex: $0) }
    program.multiplyAdds = rewritten.multiplyAdds
    program.executedMultiplyAdds = executable.executedMultiplyAdds
    (self.base, self.rewritten, self.executable) = (base, rewritten, executable)
    (self.table, self.program) = (table, program)
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
