import ModelFacts
import PlanFormat
import PlanRuntime
import Records
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// What a combined plan has more than another: whole, or refused.
struct CascadeSectionTests {
  let folder: TemporaryFolder
  let plan: [UInt8]
  let ordinary: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    let plans = try SmallPlan.all(in: folder)
    plan = try #require(plans.first { $0.name == "cascade" }).bytes
    ordinary = try #require(plans.first { $0.name == "merge" }).bytes
  }

  private func open(_ bytes: [UInt8]) throws -> PlanFile {
    try PlanFile(path: try folder.write(bytes, to: "opened.bin"))
  }

  private func expectRefusal(_ bytes: [UInt8], _ field: String, _ comment: String = "") {
    let error = #expect(throws: InputError.self, "\(comment)") { try open(bytes) }
    #expect(error?.field == field, "\(comment): \(error?.description ?? "")")
    #expect(error?.file == folder.file("opened.bin"))
  }

  private func replaced<R: Record>(_ record: R, _ kind: SectionKind) throws -> [UInt8] {
    PlanSeal.plan(plan, with: try RecordWriter.bytes(of: record), as: kind)
  }

  @Test func itSaysWhatWasAskedFor() throws {
    let cascade = try #require(open(plan).cascade)
    #expect(cascade.record == CascadeRecord(margin: 0.25, fallbackShare: 0.5))
    #expect(try open(ordinary).cascade == nil)
  }

  /// The first program's plan is in it as it is by itself, but for what is said of the second.
  @Test func whatTheFirstProgramNeedsIsAsInAPlanOfItsOwn() throws {
    for kind in [SectionKind.weights, .facts, .labels, .constants, .graph] {
      let sections = try [plan, ordinary].map {
        Array($0[try #require(PlanSeal.range(of: kind, in: $0))])
      }
      #expect(sections[0] == sections[1], "\(kind)")
    }
    let programs = try [plan, ordinary].map { try open($0) }
      .map { try RecordWriter.bytes(of: PlanProgram($0.program, recipe: $0.recipe)) }
    #expect(programs[0] == programs[1])
  }

  @Test(arguments: [-0.001, 1.001, .nan, .infinity, -.infinity, -1e300])
  func marginAndShareAreShares(value: Double) throws {
    expectRefusal(
      try replaced(CascadeRecord(margin: value, fallbackShare: 0.5), .cascade), "cascade, margin")
    expectRefusal(
      try replaced(CascadeRecord(margin: 0.5, fallbackShare: value), .cascade),
      "cascade, fallback share")
  }

  @Test func theSectionIsARecordAndNoMore() throws {
    let record = try RecordWriter.bytes(of: CascadeRecord(margin: 0.5, fallbackShare: 0.5))
    #expect(record.count == 16)
    for length in 0..<16 {
      #expect(throws: InputError.self, "\(length) bytes") {
        try open(PlanSeal.plan(plan, with: Array(record[..<length]), as: .cascade))
      }
    }
    #expect(throws: InputError.self) {
      try open(PlanSeal.plan(plan, with: record + [0], as: .cascade))
    }
    // Bytes that its checksum was not made of.
    var damaged = plan
    damaged[try #require(PlanSeal.range(of: .cascade, in: plan)).lowerBound] ^= 1
    expectRefusal(damaged, "section cascade")
  }

  @Test func thereAreTwoProgramsAndTheSecondIsOfTheBaseGraph() throws {
    let file = try open(plan)
    let first = PlanProgram(file.program, recipe: file.recipe)
    let second = PlanProgram(try #require(file.cascade?.fallback), recipe: RewriteRecipe())
    for programs in [[], [first], [first, second, second]] {
      var table = ProgramTable()
      table.programs = programs
      expectRefusal(try replaced(table, .programs), "programs", "\(programs.count) programs")
    }
    var table = ProgramTable(first)
    table.programs.append(first)
    expectRefusal(try replaced(table, .programs), "fallback, recipe")
    table.programs = [second, second]
    expectRefusal(try replaced(table, .programs), "recipe")
    var seeded = second
    seeded.recipe.seed = 1
    table.programs = [first, seeded]
    expectRefusal(try replaced(table, .programs), "fallback, recipe")
  }

  /// Changes of the second program that every reader must find.
  static let changes: [(name: String, field: String, apply: @Sendable (inout Program) -> Void)] = [
    ("no arena", "fallback, program, buffer", { $0.arenaBytes = 0 }),
    ("no step", "fallback, program, results", { $0.steps = [] }),
    ("an input that is none", "fallback, program, input", { $0.input = -1 }),
    (
      "a constant that is none", "fallback, step",
      { program in
        for index in program.steps.indices {
          guard case .linear(var step) = program.steps[index].step else { continue }
          step.weight = 1 << 40
          program.steps[index] = StepRecord(.linear(step))
          return
        }
      }
    ),
    ("no outputs", "fallback, ", { $0.outputs = [] }),
  ]

  @Test(arguments: changes.indices)
  func theSecondProgramIsVerifiedAsTheFirst(number: Int) throws {
    let (name, field, apply) = Self.changes[number]
    let file = try open(plan)
    var fallback = try #require(file.cascade?.fallback)
    apply(&fallback)
    var table = ProgramTable(PlanProgram(file.program, recipe: file.recipe))
    table.programs.append(PlanProgram(fallback, recipe: RewriteRecipe()))
    let error = #expect(throws: InputError.self, "\(name)") { try open(replaced(table, .programs)) }
    #expect(error?.field.hasPrefix(field) == true, "\(name): \(error?.description ?? "")")
  }

  @Test func probabilitiesAreBySoftmax() throws {
    var facts = try open(plan).facts
    facts.scores = .sigmoid
    expectRefusal(try replaced(facts, .facts), "facts, scores")
  }

  @Test func theFeatureIsListedWhereItIsUsedAndNowhereElse() throws {
    func listing(_ names: [String], in bytes: [UInt8]) throws -> [UInt8] {
      var origin = PlanOrigin()
      origin.writer = "0.2"
      origin.features = names.map(PlanOrigin.Feature.init)
      return PlanSeal.plan(bytes, with: try RecordWriter.bytes(of: origin), as: .origin)
    }
    _ = try open(listing(["cascade"], in: plan))
    _ = try open(listing([], in: ordinary))
    expectRefusal(try listing([], in: plan), "section count")
    expectRefusal(try listing(["cascade"], in: ordinary), "section count")
    expectRefusal(try listing(["cascade", "cascade"], in: plan), "origin, features")
  }

  @Test func anEmptyRecipeMakesNoCombinedPlan() throws {
    let file = try open(plan)
    #expect(throws: InputError.self) {
      try PlanCompiler.rewrite(
        file, recipe: RewriteRecipe(), cascade: CascadeRecord(margin: 0.5, fallbackShare: 0.5),
        to: folder.file("none.bin"))
    }
    for value in [-1, 2, Double.nan] {
      #expect(throws: InputError.self) {
        try PlanCompiler.rewrite(
          file, recipe: file.recipe, cascade: CascadeRecord(margin: value, fallbackShare: 0.5),
          to: folder.file("none.bin"))
      }
    }
    #expect(!FileSystem.exists(folder.file("none.bin")))
  }
}
