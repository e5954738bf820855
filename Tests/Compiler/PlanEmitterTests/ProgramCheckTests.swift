import ModelFacts
import ModelGraph
import PlanFormat
import Records
import TestSupport
import Tensors
import Testing
import ViTCompiler

/// A plan's program is compared with what its graph lowers to. That every plan which is written passes
/// is part of each test that runs one.
struct ProgramCheckTests {
  let folder: TemporaryFolder
  let plans: [String: [UInt8]]

  init() throws {
    folder = try TemporaryFolder()
    plans = Dictionary(
      uniqueKeysWithValues: try SmallPlan.all(in: folder).map { ($0.name, $0.bytes) })
  }

  /// A change of a program that leaves it sound, and where an error must say that it is.
  struct Change: Sendable, CustomStringConvertible {
    let description: String
    let plan: String
    let field: String
    let apply: @Sendable (inout Program) -> Void

    init(
      _ description: String, of plan: String = "dense", _ field: String,
      _ apply: @escaping @Sendable (inout Program) -> Void
    ) {
      (self.description, self.plan, self.field, self.apply) = (description, plan, field, apply)
    }
  }

  /// Changes the first step of a kind, which `edit` recognises by returning another one.
  private static func first(_ program: inout Program, _ edit: (Step) -> Step?) {
    for index in program.steps.indices {
      if let step = edit(program.steps[index].step) {
        program.steps[index] = StepRecord(step)
        return
      }
    }
  }

  static let changes = [
    Change("the epsilon of a norm", "(linear), norm") { program in
      first(&program) {
        guard case .linear(var step) = $0, step.norm != nil else { return nil }
        step.norm?.epsilon = 0.25
        return .linear(step)
      }
    },
    Change("an activation", "(linear), activation") { program in
      first(&program) {
        guard case .linear(var step) = $0, step.activation == .gelu else { return nil }
        step.activation = .relu
        return .linear(step)
      }
    },
    Change("a constant of the same shape", "(linear), norm") { program in
      first(&program) {
        guard case .linear(var step) = $0, let norm = step.norm else { return nil }
        step.norm = NormOperand(weight: norm.bias, bias: norm.weight, epsilon: norm.epsilon)
        return .linear(step)
      }
    },
    Change("no bias", "(linear), bias") { program in
      first(&program) {
        guard case .linear(var step) = $0, step.bias != nil else { return nil }
        step.bias = nil
        return .linear(step)
      }
    },
    Change("no residual", "(linear), residual") { program in
      first(&program) {
        guard case .linear(var step) = $0, step.residual != nil else { return nil }
        step.residual = nil
        return .linear(step)
      }
    },
    Change("the scale of attention", "(attention), scale") { program in
      first(&program) {
        guard case .attention(var step) = $0 else { return nil }
        step.scale *= 2
        return .attention(step)
      }
    },
    Change("a table that is not added", "(convolution), table") { program in
      first(&program) {
        guard case .convolution(var step) = $0, step.table != nil else { return nil }
        step.table = nil
        return .convolution(step)
      }
    },
    Change("the similarity of a merge", of: "merge", "(assign), similarity") { program in
      first(&program) {
        guard case .assign(var step) = $0 else { return nil }
        step.similarity = .l2
        return .assign(step)
      }
    },
    Change("operands of the same shape", of: "joined", "(elementwise), u") { program in
      first(&program) {
        guard case .elementwise(var step) = $0, let v = step.v, v != step.u else { return nil }
        (step.u, step.v) = (v, step.u)
        return .elementwise(step)
      }
    },
    Change("a step more", "program, steps") { $0.steps.append($0.steps[$0.steps.count - 1]) },
    Change("a stage less", of: "merge", "program, stages") { $0.stages.removeLast() },
    Change("a buffer more", "program, buffers") {
      $0.buffers.append(BufferRecord(rows: 1, columns: 1))
    },
    Change("a larger arena", "program, arena_bytes") { $0.arenaBytes += 64 },
    Change("the work", "program, multiply_adds") { $0.multiplyAdds += 1 },
  ]

  @Test(arguments: changes)
  func aSoundProgramOfAnotherGraphIsRefused(change: Change) throws {
    let bytes = try #require(plans[change.plan])
    let plan = try PlanFile(path: folder.write(bytes, to: "sound.bin"))
    try PlanCompiler.verifyProgram(of: plan)
    var program = plan.program
    change.apply(&program)
    let path = try folder.write(
      PlanSeal.plan(
        bytes,
        with: RecordWriter.bytes(of: ProgramTable(PlanProgram(program, recipe: plan.recipe))),
        as: .programs),
      to: "other.bin")
    let other = try PlanFile(path: path)
    let error = #expect(throws: InputError.self) { try PlanCompiler.verifyProgram(of: other) }
    #expect(error?.file == path)
    #expect(error?.field.hasPrefix("program, ") == true)
    #expect(error?.field.contains(change.field) == true, "\(error?.field ?? "")")
    #expect(error?.found.contains("vitc convert") == true)
  }

  @Test(arguments: changes.filter { $0.plan == "dense" })
  func aSoundFallbackOfAnotherGraphIsRefused(change: Change) throws {
    let bytes = try #require(plans["cascade"])
    let plan = try PlanFile(path: folder.write(bytes, to: "sound.bin"))
    try PlanCompiler.verifyProgram(of: plan)
    var table = ProgramTable(PlanProgram(plan.program, recipe: plan.recipe))
    var fallback = try #require(plan.cascade?.fallback)
    change.apply(&fallback)
    table.programs.append(PlanProgram(fallback, recipe: RewriteRecipe()))
    let path = try folder.write(
      PlanSeal.plan(bytes, with: RecordWriter.bytes(of: table), as: .programs), to: "other.bin")
    let other = try PlanFile(path: path)
    let error = #expect(throws: InputError.self) { try PlanCompiler.verifyProgram(of: other) }
    #expect(error?.file == path)
    #expect(error?.field.hasPrefix("fallback, program, ") == true, "\(error?.field ?? "")")
    #expect(error?.field.contains(change.field) == true, "\(error?.field ?? "")")
  }

  /// Bits of options that are absent are the only ones that mean nothing.
  @Test(arguments: [
    "dense", "merge", "attention", "fuse", "tome", "weighted", "scales", "joined", "cascade",
  ])
  func noBitOfTheProgramCanChange(name: String) throws {
    let plan = try #require(plans[name])
    func programs(_ file: PlanFile) throws -> [[UInt8]] {
      try [file.program, file.cascade?.fallback].compactMap(\.self).map {
        try RecordWriter.bytes(of: $0)
      }
    }
    let sound = try programs(PlanFile(path: folder.write(plan, to: "sound.bin")))
    var opened = 0
    for position in try #require(PlanSeal.range(of: .programs, in: plan)) {
      for bit in 0..<8 where name == "dense" || bit == position % 8 {
        var flipped = plan
        flipped[position] ^= 1 << UInt8(bit)
        PlanSeal.seal(&flipped)
        guard let file = try? PlanFile(path: folder.write(flipped, to: "flipped.bin")),
          try programs(file) != sound
        else { continue }
        opened += 1
        #expect(throws: InputError.self, "byte \(position), bit \(bit)") {
          try PlanCompiler.verifyProgram(of: file)
        }
      }
    }
    #expect(opened > 0)
  }

  @Test func aConstantThatTheGraphDoesNotAskForIsRefused() throws {
    let bytes = try #require(plans["joined"])
    let plan = try PlanFile(path: folder.write(bytes, to: "sound.bin"))
    var constants = plan.constants
    let last = constants.count - 1
    constants[last].name = "another"
    let path = try folder.write(
      PlanSeal.plan(bytes, with: RecordWriter.bytes(of: ConstantTable(constants)), as: .constants),
      to: "other.bin")
    let error = #expect(throws: InputError.self) {
      try PlanCompiler.verifyProgram(of: try PlanFile(path: path))
    }
    #expect(error?.field == "constant \(last) another, name")
  }

  @Test(arguments: SmallModel.forms, PlanCompiler.WeightStorage.allCases)
  func identityInitialisedScalesAreWhatTheGraphLowersTo(
    form: SmallModel.Form, weights: PlanCompiler.WeightStorage
  ) throws {
    guard form.grid % 2 == 0 else { return }
    try SmallModel(form, in: folder).convert(to: folder.file("plan.bin"), weights: weights)
    let dense = try PlanFile(path: folder.file("plan.bin"))
    try PlanCompiler.verifyProgram(of: dense)
    var recipe = RewriteRecipe()
    (recipe.multiScaleBlocks, recipe.isIdentityInitialised) = (1, true)
    recipe.stages = [.init(block: 1, keepRate: 0.6)]
    try PlanCompiler.rewrite(dense, recipe: recipe, to: folder.file("scales.bin"))
    try PlanCompiler.verifyProgram(of: try PlanFile(path: folder.file("scales.bin")))
  }
}
