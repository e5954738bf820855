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

/// The programs of a plan, over one graph and one weights section; there is one, as yet.
package struct ProgramTable: Record {
  package var programs: [PlanProgram] = []

  package init() {}

  package init(_ program: PlanProgram) { programs = [program] }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("programs", list: &programs)
  }

  /// The one program.
  func only(file: String) throws -> PlanProgram {
    guard programs.count == 1 else {
      throw InputError(
        file: file, field: "programs", expected: "one", found: "\(programs.count)")
    }
    return programs[0]
  }
}
