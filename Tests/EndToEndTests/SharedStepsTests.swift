import Kernels
import ModelFacts
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import Testing
import ViTCompiler
import ViTRuntime

/// Steps that a second program need not take again for an image that a first one has seen.
struct SharedStepsTests {
  static let forms: [SmallModel.Form] = {
    var long = SmallModel.Form("attention in pairs")
    (long.grid, long.width, long.heads, long.hidden) = (9, 64, 2, 96)
    return SmallModel.forms + SmallModel.pooled + SmallModel.turned + SmallModel.oblong + [long]
  }()

  private static func combined(
    _ form: SmallModel.Form, _ recipe: RewriteRecipe, in folder: TemporaryFolder,
    weights: PlanCompiler.WeightStorage = .float32
  ) throws -> Plan {
    let (dense, path) = (folder.file("dense.bin"), folder.file("combined.bin"))
    try SmallModel(form, in: folder).convert(to: dense, weights: weights)
    try PlanCompiler.rewrite(
      try PlanFile(path: dense), recipe: recipe,
      cascade: CascadeRecord(margin: 0.5, fallbackShare: 0.5), to: path)
    return try Plan(path: path)
  }

  /// Tokens leave behind the attention of the second block.
  private static var recipe: RewriteRecipe {
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    return recipe
  }

  /// How often tokens attend to each other in steps that are shared.
  private static func attentions(_ shared: SharedSteps?, _ plan: Plan) -> Int {
    plan.program.steps.prefix(shared?.count ?? 0).count { $0.step.isAttention }
  }

  /// Every family, every set of kernels, weights of every width; five images run in several groups of some.
  @Test(arguments: forms)
  func theRestHasTheBitsOfTheWhole(form: SmallModel.Form) throws {
    let folder = try TemporaryFolder()
    for weights in PlanCompiler.WeightStorage.allCases {
      let plan = try Self.combined(form, Self.recipe, in: folder, weights: weights)
      let whole = try #require(plan.fallback?.plan)
      let continuation = try #require(try plan.continuation(by: whole))
      let (shared, rest) = (continuation.shared, continuation.rest)
      #expect(shared.multiplyAdds + rest.multiplyAdds == whole.multiplyAdds)
      #expect(shared.multiplyAdds + rest.executedMultiplyAdds == whole.executedMultiplyAdds)
      // The first block and the second's attention, which in the first program has results of its own.
      #expect(Self.attentions(shared, whole) == 2)
      #expect(
        plan.program.steps[..<shared.count].map(\.step)
          != whole.program.steps[..<shared.count].map(\.step))
      let input = try SmallModel(form, in: folder).input(images: 5)
      for kernels in KernelSelection.choices {
        for (images, threads) in [(1, 1), (5, 2)] {
          let input = input.prefix(input.count / 5 * images)
          func session(
            _ plan: Plan, keeping shared: SharedSteps? = nil, sharing first: Session? = nil
          ) throws -> Session {
            try Session(
              plan: plan, maximumBatch: 5, threadCount: threads, kernels: kernels,
              keeping: shared, sharing: first)
          }
          func bits(_ session: Session, _ input: some Collection<Float>) throws -> [UInt32] {
            try session.run(images: images) {
              _ = $0.update(fromContentsOf: input)
            } read: { result in
              try (0..<images).flatMap { try result.logits(image: $0).map(\.bitPattern) }
            }
          }
          let first = try session(plan, keeping: shared)
          let kept = rest.program.buffers[rest.program.input]
          var rows = [Float](repeating: 0, count: images * kept.rows * kept.columns)
          try first.run(images: images) {
            _ = $0.update(fromContentsOf: input)
          } read: { result in
            try rows.withUnsafeMutableBufferPointer {
              try result.copyKeptRows(of: Array(0..<images), to: $0)
            }
          }
          #expect(
            try bits(session(rest, sharing: first), rows)
              == bits(session(whole), input), "\(kernels.name), \(weights)")
          #expect(try bits(first, input) == bits(session(plan), input), "\(kernels.name)")
        }
      }
    }
  }

  /// Where tokens leave from the first block on, what comes before them is shared.
  @Test func theFirstBlocksAttentionIsShared() throws {
    let folder = try TemporaryFolder()
    for (name, recipe) in SmallPlan.recipes {
      let plan = try Self.combined(SmallModel.forms[0], recipe, in: folder)
      let whole = try #require(plan.fallback?.plan)
      // Two scales begin with the image, or behind its embedding.
      let shared = try plan.continuation(by: whole)?.shared
      #expect(
        Self.attentions(shared, whole) == (recipe.multiScaleBlocks == nil ? 1 : 0), "\(name)")
    }
  }

  @Test func filesOfTheSameWeightsShareAndOthersDoNot() throws {
    let fixture = try CascadeFixture()
    let crops = try fixture.crops(3)
    let (cheap, dense) = (try Plan(path: fixture.cheap), try Plan(path: fixture.dense))
    let shared = try #require(try cheap.continuation(by: dense)?.shared)
    #expect(Self.attentions(shared, dense) == 2)
    let cascade = try Cascade(plan: cheap, fallback: dense, margin: 1, maximumBatch: 3)
    #expect(cascade.sharedSteps == shared)
    #expect(
      try cascade.answers(to: crops).map { $0.logits.map(\.bitPattern) }
        == fixture.bits(dense, crops))
    // One bit of a weight of the first block.
    let file = dense.file
    let index = try #require(
      file.constants.firstIndex { $0.name.contains("blocks.0.mlp.fc1.weight") })
    var bytes = try fixture.folder.read("dense.bin")
    let weights = try #require(PlanSeal.range(of: .weights, in: bytes))
    bytes[weights.lowerBound + file.constants[index].offset] ^= 1
    PlanSeal.seal(&bytes)
    let other = try Plan(path: try fixture.folder.write(bytes, to: "other.bin"))
    let fewer = try #require(try cheap.continuation(by: other)?.shared)
    #expect(fewer.count < shared.count)
    #expect(
      try Cascade(plan: cheap, fallback: other, margin: 1, maximumBatch: 3).answers(to: crops)
        .map { $0.logits.map(\.bitPattern) } == fixture.bits(other, crops))
  }

  /// The steps of the dense program of a small model, and where its last attention is, which has one query.
  private static func dense() throws -> (plan: Plan, program: Program, last: Int, AttentionStep) {
    let folder = try TemporaryFolder()
    let plan = try combined(SmallModel.forms[0], recipe, in: folder)
    let program = try #require(plan.fallback?.plan.program)
    let last = try #require(program.steps.lastIndex { $0.step.isAttention })
    guard case .attention(let attention) = program.steps[last].step else {
      throw InputError(file: "plan", field: "step", expected: "attention", found: "another")
    }
    return (plan, program, last, attention)
  }

  /// What two programs of a plan's constants share, both of which can be run.
  private static func shared(
    of second: Program, behind first: Program, _ plan: Plan
  ) throws -> SharedSteps {
    for program in [first, second] {
      try program.verify(constants: plan.file.constants, file: plan.path)
    }
    return try #require(SharedSteps(of: second, behind: first, constants: plan.file.constants))
  }

  /// Attention that also writes its weights forms keys and values, and so has other bits.
  @Test func attentionToRowsIsNotSharedWithAttentionToKeys() throws {
    let (plan, second, last, attention) = try Self.dense()
    var (first, beside) = (second, attention)
    beside.classAttention = first.buffers.count
    first.buffers.append(
      BufferRecord(
        rows: attention.heads, columns: first.buffers[attention.qkv].rows,
        offset: first.arenaBytes))
    first.arenaBytes += 4096
    first.steps[last] = StepRecord(beside.step)
    let shared = try Self.shared(of: second, behind: first, plan)
    #expect(shared.count < last)
  }

  /// What lies between a layer and the attention of few queries is never formed.
  @Test func noneGoesOnFromWithinAttentionToRows() throws {
    var (plan, second, last, attention) = try Self.dense()
    var projection = try #require(second.steps[last + 1].step.linear)
    projection.residual = nil
    second.steps[last + 1] = StepRecord(projection.step)
    var first = second
    attention.scale *= 2
    first.steps[last] = StepRecord(attention.step)
    let shared = try Self.shared(of: second, behind: first, plan)
    #expect(shared.count < last)
  }

  /// Where the first program is done with a buffer, others may lie.
  @Test func aBufferIsNotTakenThatTheFirstNoLongerUses() throws {
    var (plan, second, _, _) = try Self.dense()
    let place = try #require(second.steps.firstIndex { $0.step.isAttention }) - 1
    let layer = try #require(second.steps[place].step.linear)
    let tokens = second.buffers[layer.input.buffer]
    var copy = ElementwiseStep()
    copy.operation = .copy
    (copy.a, copy.u) = (layer.input, layer.input)
    copy.output = RowsOperand(second.buffers.count, first: 0, count: tokens.rows)
    second.buffers.append(
      BufferRecord(rows: tokens.rows, columns: tokens.columns, offset: second.arenaBytes))
    second.arenaBytes += (tokens.byteCount + 63) / 64 * 64
    second.steps.insert(StepRecord(copy.step), at: place)
    var first = second
    for index in first.steps.indices.dropFirst(place + 1) {
      guard var step = first.steps[index].step.linear else { continue }
      if step.input.buffer == layer.input.buffer { step.input.buffer = copy.output.buffer }
      if step.residual?.buffer == layer.input.buffer { step.residual?.buffer = copy.output.buffer }
      if step.output.buffer == layer.input.buffer { step.output.buffer = copy.output.buffer }
      first.steps[index] = StepRecord(step.step)
    }
    let shared = try Self.shared(of: second, behind: first, plan)
    #expect(shared.count == place && shared.buffer == layer.input.buffer)
  }

  /// What a program says of its work is what its steps take.
  @Test(arguments: forms)
  func stepsAddUpToTheWork(form: SmallModel.Form) throws {
    let folder = try TemporaryFolder()
    var weighted = Self.recipe
    weighted.strategy = "weighted"
    for recipe in [Self.recipe, weighted] {
      let plan = try Self.combined(form, recipe, in: folder)
      for program in [plan.program, try #require(plan.fallback?.plan.program)] {
        let sum = program.steps.reduce(0.0) { total, record in
          let context = StepContext(
            buffers: program.buffers, constants: plan.file.constants, file: "", step: 0, kind: nil)
          return total + record.step.payload.multiplyAdds(context)
        }
        #expect(sum == Double(program.executedMultiplyAdds))
      }
    }
  }
}

extension Step {
  fileprivate var linear: LinearStep? {
    if case .linear(let step) = self { step } else { nil }
  }

  fileprivate var isAttention: Bool {
    switch self {
    case .attention, .quantizedAttention, .biasedAttention: true
    default: false
    }
  }
}
