package import ModelFacts
package import Records
internal import Tensors

/// A program, and how its graph was made of the plan's.
package struct PlanProgram: Record {
  /// How the base graph was rewritten.
  package var recipe = RewriteRecipe()

  /// What is executed.
  package var program = Program()

  package init() {}

  package init(_ program: Program, recipe: RewriteRecipe) {
    self.program = program
    self.recipe = recipe
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("recipe", record: &recipe)
    try coder.code("program", record: &program)
  }
}

/// The programs of a plan, over one graph and one weights section: one, or in a combined plan two, of which the
/// second answers where the first is not sure.
package struct ProgramTable: Record {
  package var programs: [PlanProgram] = []

  package init() {}

  package init(_ program: PlanProgram) { programs = [program] }

  /// A plan's program, and in a combined plan its second one.
  init(_ program: PlanProgram, cascade: PlanCascade?) {
    programs = [program]
    if let cascade { programs.append(PlanProgram(cascade.fallback, recipe: RewriteRecipe())) }
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("programs", list: &programs)
  }

  /// The first program, and in a combined plan, which has such a record, the second.
  func split(_ record: CascadeRecord?, file: String) throws -> (PlanProgram, PlanCascade?) {
    guard programs.count == (record == nil ? 1 : 2) else {
      throw InputError(
        file: file, field: "programs", expected: record == nil ? "one" : "two, for a cascade",
        found: "\(programs.count)")
    }
    guard let record else { return (programs[0], nil) }
    guard programs[1].recipe == RewriteRecipe() else {
      throw InputError(
        file: file, field: "fallback, recipe", expected: "none: the program of the base graph",
        found: RecordPrinter.text(of: programs[1].recipe))
    }
    return (programs[0], PlanCascade(record, fallback: programs[1].program))
  }
}
