import Passes
import PlanFormat
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Options of a rewrite, one by one and together.
struct RewriteRequestTests {
  private static func request(_ set: (inout RewriteRequest) -> Void) -> RewriteRequest {
    var request = RewriteRequest()
    set(&request)
    return request
  }

  /// Each option alone with a schedule: what it says is what the options say.
  @Test func everyOptionArrives() throws {
    let options = try #require(
      try Self.request {
        ($0.keepRates, $0.blocks, $0.budgetShare) = ([0.5, 0.7], [2, 3], 0.6)
        ($0.similarity, $0.seed, $0.isSizeAware) = (.random, 7, true)
        ($0.isMultiScale, $0.multiScaleFile) = (true, "stage.safetensors")
      }.options())
    #expect(options.keepRates == [0.5, 0.7] && options.blocks == [2, 3] && options.removal == nil)
    #expect(options.budget == .share(0.6) && options.strategy == .merge)
    #expect(options.similarity == .random && options.seed == 7 && options.isSizeAware)
    #expect(options.multiScale == .from(path: "stage.safetensors"))
    let counts = try Self.request { ($0.removedCounts, $0.strategy) = ([0, 4], .drop) }.options()
    #expect(counts?.removal == .counts([0, 4]) && counts?.strategy == .drop)
    let everywhere = try Self.request { $0.removedEverywhere = 3 }.options()
    #expect(everywhere?.removal == .everywhere(3) && everywhere?.multiScale == .off)
    let work = try Self.request { $0.budgetMultiplyAdds = 2.5 }.options()
    #expect(work?.budget == .gigaMultiplyAdds(2.5) && work?.keepRates == [])
    for isIdentity in [false, true] {
      let scales = try Self.request {
        ($0.isMultiScale, $0.isIdentityInitialised) = (true, isIdentity)
      }.options()
      #expect(scales?.multiScale == (isIdentity ? .identity : .fromPlan))
    }
    #expect(try Self.request { $0.isFallback = true }.options() == nil)
  }

  private static let refused: [(RewriteRequest, any InputOption)] = [
    (request { _ in }, RewriteOption.keepRates),
    (request { $0.strategy = .tome }, RewriteOption.keepRates),
    (request { ($0.keepRates, $0.removedCounts) = ([0.7], [1]) }, RewriteOption.removedCounts),
    (
      request { ($0.keepRates, $0.removedEverywhere) = ([0.7], 1) }, RewriteOption.removedEverywhere
    ),
    (
      request { ($0.removedCounts, $0.removedEverywhere) = ([1], 1) },
      RewriteOption.removedEverywhere
    ),
    (
      request { ($0.budgetShare, $0.budgetMultiplyAdds) = (0.5, 1) },
      RewriteOption.budgetMultiplyAdds
    ),
    (request { ($0.removedCounts, $0.blocks) = ([1], [1]) }, RewriteOption.blocks),
    (request { ($0.removedEverywhere, $0.blocks) = (1, [1]) }, RewriteOption.blocks),
    (
      request { ($0.keepRates, $0.strategy, $0.similarity) = ([0.7], .tome, .cosine) },
      RewriteOption.similarity
    ),
    (request { ($0.keepRates, $0.seed) = ([0.7], 0) }, RewriteOption.seed),
    (
      request { ($0.keepRates, $0.similarity, $0.seed) = ([0.7], .l1, 1) }, RewriteOption.seed
    ),
    (
      request { ($0.keepRates, $0.strategy, $0.isSizeAware) = ([0.7], .drop, true) },
      RewriteOption.sizeAware
    ),
    (
      request { ($0.keepRates, $0.multiScaleFile) = ([0.7], "stage.safetensors") },
      RewriteOption.multiScaleFile
    ),
    (
      request { ($0.keepRates, $0.isIdentityInitialised) = ([0.7], true) },
      RewriteOption.multiScaleIdentity
    ),
    (
      request {
        ($0.isMultiScale, $0.multiScaleFile, $0.isIdentityInitialised) = (true, "stage", true)
      }, RewriteOption.multiScaleIdentity
    ),
    (request { ($0.isFallback, $0.keepRates) = (true, [0.7]) }, ProgramOption.isFallback),
    (request { ($0.isFallback, $0.isSizeAware) = (true, true) }, ProgramOption.isFallback),
  ]

  @Test(arguments: refused.indices)
  func optionsThatDoNotGoTogetherAreRefused(index: Int) {
    let (request, option) = Self.refused[index]
    let error = #expect(throws: InputError.self) { try request.options() }
    #expect(error?.kind == .invalidOption && error?.subject == .option(option))
    #expect(error?.expected.isEmpty == false && error?.found.isEmpty == false)
  }

  /// The library's own options too: what a strategy takes no notice of is an error, not passed over.
  @Test func whatAStrategyTakesNoNoticeOfIsRefused() throws {
    let folder = try TemporaryFolder()
    try SmallModel(SmallModel.forms[6], in: folder).convert(to: folder.file("dense.bin"))
    func refusal(_ set: (inout RewriteOptions) -> Void) -> InputError.Subject? {
      var options = RewriteOptions(keepRates: [0.7])
      set(&options)
      let error = #expect(throws: InputError.self) {
        try PlanCompiler.rewrite(folder.file("dense.bin"), options, to: folder.file("fast.bin"))
      }
      return error?.subject
    }
    #expect(
      refusal { ($0.strategy, $0.similarity) = (.tome, .l1) } == .option(RewriteOption.similarity))
    #expect(refusal { $0.seed = 1 } == .option(RewriteOption.seed))
    #expect(
      refusal { ($0.strategy, $0.isSizeAware) = (.drop, true) } == .option(RewriteOption.sizeAware))
  }

  /// A plan of one program has no dense one to write, whoever asks.
  @Test func thereIsNoDenseProgramInAPlanOfOne() throws {
    let folder = try TemporaryFolder()
    try SmallModel(SmallModel.forms[6], in: folder).convert(to: folder.file("dense.bin"))
    let plan = try PlanFile(path: folder.file("dense.bin"))
    var options = ExportOptions()
    options.isFallback = true
    for ask in [
      { _ = try PlanCompiler.fallbackGraph(of: plan) },
      { try PlanCompiler.writeFallback(of: plan, to: folder.file("out.bin")) },
      { try PlanCompiler.export(plan.path, options, to: folder.file("out.onnx")) },
    ] as [() throws -> Void] {
      let error = #expect(throws: InputError.self) { try ask() }
      #expect(error?.file == plan.path && error?.field == "isFallback")
    }
  }
}
