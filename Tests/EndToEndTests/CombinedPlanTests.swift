import Kernels
import ModelFacts
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler
import ViTRuntime

/// A plan that holds two programs over one weights section.
struct CombinedPlanTests {
  @Test func itAnswersAsTwoFilesDo() throws {
    let fixture = try CascadeFixture()
    let path = fixture.folder.file("combined.bin")
    let crops = try fixture.crops(7)
    let margin = try fixture.margins(crops).sorted()[3]
    try PlanCompiler.rewrite(
      try PlanFile(path: fixture.dense), recipe: fixture.recipe,
      cascade: CascadeRecord(margin: margin, fallbackShare: 3 / 7), to: path)
    let combined = try Plan(path: path)
    #expect(combined.fallback?.margin == margin && combined.fallback?.expectedShare == 3 / 7)
    try PlanCompiler.verifyProgram(of: combined.file)
    let (cheap, dense) = (try Plan(path: fixture.cheap), try Plan(path: fixture.dense))
    let second = try #require(combined.fallback?.plan)
    for (one, own) in [(combined, cheap), (second, dense)] {
      #expect(one.multiplyAdds == own.multiplyAdds)
      #expect(one.executedMultiplyAdds == own.executedMultiplyAdds)
      #expect(try fixture.bits(one, crops) == fixture.bits(own, crops))
    }
    for given in [nil, 0, margin, 1] {
      for batch in [1, 3] {
        let cascades = [
          try Cascade(combined: combined, margin: given, maximumBatch: batch, threadCount: 2),
          try Cascade(
            plan: cheap, fallback: dense, margin: given ?? margin, maximumBatch: batch,
            threadCount: 2),
        ]
        let answers = try cascades.map { cascade in
          try stride(from: 0, to: 6, by: batch).flatMap {
            try cascade.answers(to: Array(crops[$0..<$0 + batch]))
          }
        }
        #expect(answers[0].map(\.isFallback) == answers[1].map(\.isFallback))
        #expect(
          answers[0].map { $0.logits.map(\.bitPattern) }
            == answers[1].map { $0.logits.map(\.bitPattern) })
      }
    }
  }

  /// Every family, every set of kernels, weights of every width.
  @Test(arguments: SmallModel.forms)
  func bothProgramsRunBesideEachOther(form: SmallModel.Form) throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(form, in: folder)
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    for weights in PlanCompiler.WeightStorage.allCases {
      let (dense, cheap) = (folder.file("dense.bin"), folder.file("cheap.bin"))
      try model.convert(to: dense, weights: weights)
      try PlanCompiler.rewrite(try PlanFile(path: dense), recipe: recipe, to: cheap)
      let path = folder.file("combined.bin")
      // Made of either, it is the same.
      var bytes: [[UInt8]] = []
      for source in [dense, cheap] {
        try PlanCompiler.rewrite(
          try PlanFile(path: source), recipe: recipe,
          cascade: CascadeRecord(margin: 0.5, fallbackShare: 0.5), to: path)
        bytes.append(try folder.read("combined.bin"))
      }
      #expect(bytes[0] == bytes[1])
      let plan = try Plan(path: path)
      try PlanCompiler.verifyProgram(of: plan.file)
      for index in plan.file.constants.indices { try plan.file.verifyConstant(index) }
      let input = model.input(images: 2)
      for kernels in KernelSelection.choices {
        func bits(_ session: Session) throws -> [UInt32] {
          try session.run(images: 2) {
            _ = $0.update(fromContentsOf: input)
          } read: { result in
            try (0..<2).flatMap { try result.logits(image: $0).map(\.bitPattern) }
          }
        }
        func session(_ plan: Plan, sharing first: Session? = nil) throws -> Session {
          try Session(
            plan: plan, maximumBatch: 2, threadCount: 2, kernels: kernels, sharing: first)
        }
        let first = try session(plan)
        let second = try session(try #require(plan.fallback?.plan), sharing: first)
        // The second first: it waits for what the first one has formed.
        #expect(try bits(second) == bits(session(try Plan(path: dense))), "\(kernels.name)")
        #expect(try bits(first) == bits(session(try Plan(path: cheap))), "\(kernels.name)")
      }
    }
  }

  /// Rewrites that need constants which the dense program has not, and the other way round.
  @Test func everyRecipeCanHaveAFallback() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    let (dense, cheap) = (folder.file("dense.bin"), folder.file("cheap.bin"))
    try model.convert(to: dense)
    var identity = RewriteRecipe()
    (identity.multiScaleBlocks, identity.isIdentityInitialised) = (1, true)
    let input = model.input(images: 1)
    func bits(_ plan: Plan) throws -> [UInt32] {
      try Session(plan: plan).run(images: 1) {
        _ = $0.update(fromContentsOf: input)
      } read: {
        try $0.logits(image: 0).map(\.bitPattern)
      }
    }
    let expected = try bits(Plan(path: dense))
    for recipe in SmallPlan.recipes.map(\.recipe) + [identity] {
      let path = folder.file("combined.bin")
      let file = try PlanFile(path: dense)
      try PlanCompiler.rewrite(file, recipe: recipe, to: cheap)
      try PlanCompiler.rewrite(
        file, recipe: recipe, cascade: CascadeRecord(margin: 0.5, fallbackShare: 0.5), to: path)
      let plan = try Plan(path: path)
      try PlanCompiler.verifyProgram(of: plan.file)
      #expect(try bits(#require(plan.fallback?.plan)) == expected)
      #expect(try bits(plan) == bits(Plan(path: cheap)))
    }
  }

  @Test func aDamagedWeightIsNamedByBoth() throws {
    let fixture = try CascadeFixture()
    let path = fixture.folder.file("combined.bin")
    try PlanCompiler.rewrite(
      try PlanFile(path: fixture.dense), recipe: fixture.recipe,
      cascade: CascadeRecord(margin: 1, fallbackShare: 1), to: path)
    var bytes = try fixture.folder.read("combined.bin")
    bytes[4096] ^= 1
    let plan = try Plan(path: try fixture.folder.write(bytes, to: "damaged.bin"))
    let first = try Session(plan: plan, threadCount: 1)
    let second = try Session(
      plan: try #require(plan.fallback?.plan), maximumBatch: 1, threadCount: 1, allowsLarge: false,
      sharing: first)
    for session in [second, first, second] {
      let error = #expect(throws: InputError.self) { try session.waitUntilVerified() }
      #expect(error?.found.contains("damaged") == true)
    }
  }

  @Test func itsProgramsComeOutAsPlansOfTheirOwn() throws {
    let fixture = try CascadeFixture()
    func read(_ path: String) throws -> [UInt8] {
      try MappedFile(path: path).withBytes { Array($0) }
    }
    let path = fixture.folder.file("combined.bin")
    try PlanCompiler.rewrite(
      try PlanFile(path: fixture.dense), recipe: fixture.recipe,
      cascade: CascadeRecord(margin: 0.5, fallbackShare: 0.5), to: path)
    let out = fixture.folder.file("out.bin")
    for (recipe, own) in [
      (RewriteRecipe(), fixture.dense), (fixture.recipe, fixture.cheap),
    ] {
      try PlanCompiler.rewrite(try PlanFile(path: path), recipe: recipe, to: out)
      #expect(try read(out) == read(own))
    }
  }

  @Test func plansOfOneProgramAndOfTwoAreNotTakenForEachOther() throws {
    let fixture = try CascadeFixture()
    let path = fixture.folder.file("combined.bin")
    try PlanCompiler.rewrite(
      try PlanFile(path: fixture.dense), recipe: fixture.recipe,
      cascade: CascadeRecord(margin: 0.5, fallbackShare: 0.5), to: path)
    let (combined, dense) = (try Plan(path: path), try Plan(path: fixture.dense))
    #expect(throws: InputError.self) { try Cascade(combined: dense) }
    #expect(throws: InputError.self) { try Cascade(combined: combined, margin: .nan) }
    for (plan, fallback) in [(combined, dense), (dense, combined)] {
      let error = #expect(throws: InputError.self) {
        try Cascade(plan: plan, fallback: fallback, margin: 0.5)
      }
      #expect(error?.file == combined.path && error?.field == "programs")
    }
  }
}
