import Kernels
import ModelFacts
import ModelGraph
import Passes
import PlanFormat
import PlanRuntime
import TestSupport
import Testing
import ViTCompiler

/// Images of a batch that keep different numbers of tokens.
struct CountedTokenTests {
  static let stages: [RewriteRecipe.Stage] = [
    .init(block: 0, keepRate: 0.9), .init(block: 2, keepRate: 0.93),
  ]

  static let strategies: [CountedTokens] =
    [
      CountedTokens(.drop, threshold: 0), CountedTokens(.drop, threshold: 0, isSizeAware: true),
      CountedTokens(.sum, threshold: 0), CountedTokens(.sum, threshold: 0, isSizeAware: true),
      CountedTokens(.mean, threshold: 0, isSizeAware: true),
    ] + Similarity.allCases.map { CountedTokens(.mean, similarity: $0, threshold: 0) }

  /// A dense plan and what is put into it, in a folder of their own.
  private struct Model {
    let folder: TemporaryFolder
    let model: SmallModel
    let images = 3
    let input: [Float]

    /// The importance that about half of the first stage's tokens have: they share 1.
    let usual: Float

    init(_ form: SmallModel.Form) throws {
      folder = try TemporaryFolder()
      model = try SmallModel(form, in: folder)
      try model.convert(to: folder.file("dense.bin"))
      input = model.input(images: images)
      usual = 0.8 / Float(form.grid * form.grid)
    }

    func plan(
      _ strategy: CountedTokens, _ threshold: Float?, _ stages: [RewriteRecipe.Stage]
    ) throws -> String {
      var strategy = strategy
      strategy.threshold = threshold.map(Threshold.init)
      let path = folder.file("counted.bin")
      try strategy.rewrite(folder.file("dense.bin"), stages: stages, to: path)
      return path
    }

    func logits(
      _ path: String, batch: Int = 3, threads: Int = 2, kernels: KernelChoice? = nil,
      input: [Float]? = nil
    ) throws -> [[Float]] {
      try BatchRun.logits(
        path, input ?? self.input, images: images, batch: batch, threads: threads,
        kernels: kernels, verifiesProgram: false)
    }

    func bits(
      _ path: String, batch: Int = 3, threads: Int = 2, kernels: KernelChoice? = nil,
      input: [Float]? = nil
    ) throws -> [[UInt32]] {
      try logits(path, batch: batch, threads: threads, kernels: kernels, input: input)
        .map { $0.map(\.bitPattern) }
    }

    func traces(_ path: String, input: [Float]? = nil) throws -> [[StageTrace]] {
      try BatchRun.results(
        path, input ?? self.input, images: images, batch: images, threads: 1,
        verifiesProgram: false
      ) {
        try $0.stages(image: $1)
      }
    }
  }

  @Test(arguments: SmallModel.forms, strategies)
  func everyImageComputesWhatTheGraphSays(
    form: SmallModel.Form, strategy: CountedTokens
  ) throws {
    let model = try Model(form)
    let path = try model.plan(strategy, model.usual, Self.stages)
    var counted = strategy
    counted.threshold = Threshold(model.usual)
    let reference = try PassDriver([
      SinkPositions(), counted.pass(Self.stages, prefix: model.model.facts.prefixTokens),
    ]).run(model.model.graph)
    let count = model.input.count / model.images
    let expected = try (0..<model.images).map {
      try GraphInterpreter.run(
        reference, image: model.input[$0 * count..<($0 + 1) * count])
    }
    for kernels in KernelSelection.choices {
      let found = try model.logits(path, kernels: kernels)
      for (found, expected) in zip(found, expected) {
        let largest = expected.map { abs($0) }.max() ?? 1
        for (a, b) in zip(found, expected) {
          #expect(abs(Double(a) - b) <= 1e-4 * largest, "\(kernels.name)")
        }
      }
      let bits = found.map { $0.map(\.bitPattern) }
      for (batch, threads) in [(1, 1), (1, 2), (3, 1), (2, 2)] {
        #expect(
          try model.bits(path, batch: batch, threads: threads, kernels: kernels) == bits,
          "\(kernels.name), batch \(batch), \(threads) threads")
      }
    }
  }

  /// Otherwise the others would show nothing.
  @Test(arguments: SmallModel.forms)
  func imagesKeepDifferentNumbersAtBothStages(form: SmallModel.Form) throws {
    let model = try Model(form)
    let path = try model.plan(Self.strategies[0], model.usual, Self.stages)
    let patches = form.grid * form.grid
    let traces = try model.traces(path)
    for stage in 0..<2 {
      let counts = traces.map { $0[stage].kept.count }
      #expect(Set(counts).count > 1, "\(counts)")
    }
    for trace in traces {
      var entering = patches
      for stage in trace {
        #expect(stage.destination.count == entering)
        #expect(stage.kept == stage.kept.sorted() && Set(stage.kept).count == stage.kept.count)
        #expect(stage.kept.enumerated().allSatisfy { stage.destination[Int($1)] == Int32($0) })
        #expect(stage.destination.count { $0 < 0 } == entering - stage.kept.count)
        entering = stage.kept.count
      }
      let owners = TokenOwners.trace(trace, patches: patches)
      #expect(owners.map { $0.count { $0 != nil } } == trace.map(\.kept.count))
    }
  }

  /// A row behind those that are kept has no owner, whatever their number.
  @Test func whatIsSummedHasNoOwner() throws {
    let model = try Model(SmallModel.forms[0])
    let path = try model.plan(CountedTokens(.sum, threshold: nil), model.usual, [Self.stages[0]])
    for trace in try model.traces(path) {
      let owners = TokenOwners.trace(trace, patches: 16)
      #expect(owners[0].count { $0 != nil } == trace[0].kept.count)
      #expect(trace[0].destination.max() == Int32(trace[0].kept.count))
      let outcome = TokenOwners.follow(trace, patches: 16)[0]
      #expect(outcome.owners == owners[0])
      #expect(outcome.fused == (0..<16).filter { owners[0][$0] == nil })
    }
  }

  @Test(arguments: SmallModel.forms, strategies)
  func whereAllAreKeptTheBitsAreThoseOfAFixedNumber(
    form: SmallModel.Form, strategy: CountedTokens
  ) throws {
    let model = try Model(form)
    for kernels in KernelSelection.choices {
      let fixed = try model.bits(
        try model.plan(strategy, nil, Self.stages), kernels: kernels)
      let counted = try model.bits(
        try model.plan(strategy, -1, Self.stages), kernels: kernels)
      #expect(fixed == counted, "\(kernels.name)")
    }
  }

  /// But where layers of more rows are multiplied in pairs, which the most rows decide.
  @Test(arguments: SmallModel.forms, strategies)
  func eachImageHasTheBitsOfAFixedNumberOfItsOwn(
    form: SmallModel.Form, strategy: CountedTokens
  ) throws {
    let model = try Model(form)
    let stage = [Self.stages[0]]
    let patches = Double(form.grid * form.grid)
    for threshold in [model.usual, 2] {
      let path = try model.plan(strategy, threshold, stage)
      let kept = try model.traces(path).map { $0[0].kept.count }
      if threshold > 1 { #expect(kept == [1, 1, 1]) }
      for kernels in KernelSelection.choices where kernels.paired == nil {
        let counted = try model.bits(
          try model.plan(strategy, threshold, stage), kernels: kernels)
        for (image, number) in kept.enumerated() {
          let rate = (Double(number) - 0.5) / patches
          let fixed = try model.bits(
            try model.plan(strategy, nil, [.init(block: 0, keepRate: rate)]), kernels: kernels)
          #expect(fixed[image] == counted[image], "\(kernels.name), \(number) tokens")
        }
      }
    }
  }

  /// Tokens of one image that are not numbers leave one of them, and the others as they are.
  @Test(arguments: strategies)
  func notANumberReachesNoThreshold(strategy: CountedTokens) throws {
    let model = try Model(SmallModel.forms[0])
    let path = try model.plan(strategy, model.usual, Self.stages)
    let count = model.input.count / 3
    var input = model.input
    for index in count..<2 * count { input[index] = .nan }
    let traces = try model.traces(path, input: input)
    #expect(traces[1].map(\.kept) == [[0], [0]])
    for kernels in KernelSelection.choices {
      let damaged = try model.bits(path, kernels: kernels, input: input)
      let whole = try model.bits(path, kernels: kernels)
      #expect(damaged[0] == whole[0] && damaged[2] == whole[2], "\(kernels.name)")
      #expect(damaged[1].allSatisfy { Float(bitPattern: $0).isNaN })
    }
  }

  /// The rows behind the last norm, as a result, are those of the tokens that an image has.
  @Test(arguments: SmallModel.forms, [GatherMode.drop, .sum])
  func tokensAreThoseThatTheImageHas(form: SmallModel.Form, mode: GatherMode) throws {
    let model = try Model(form)
    var graph = model.model.graph
    let norm = try #require(graph.nodes.last { $0.op.kind == .layerNorm })
    graph.outputs.append(Graph.Output(.tokens, norm.outputs[0]))
    let dense = model.folder.file("dense.bin")
    try PlanCompiler.convert(
      graph, facts: model.model.facts, labels: Labels(), weights: .float32, to: dense, from: [])
    let strategy = CountedTokens(mode, threshold: model.usual)
    let path = try model.plan(strategy, model.usual, Self.stages)
    let found = try BatchRun.results(
      path, model.input, images: model.images, batch: model.images, threads: 2,
      verifiesProgram: false
    ) {
      try $0.output(.tokens, image: $1)
    }
    let pass = strategy.pass(Self.stages, prefix: model.model.facts.prefixTokens)
    let rewritten = try PassDriver([pass]).run(try PlanFile(path: dense).graph)
    let size = model.input.count / model.images
    for image in 0..<model.images {
      let expected = try GraphInterpreter.outputs(
        of: rewritten, image: model.input[image * size..<(image + 1) * size])[1]
      #expect(mismatch(found[image], expected, within: 1e-4) == nil, "image \(image)")
    }
    #expect(Set(found.map(\.count)).count > 1)
  }
}
