import ModelGraph
import PlanFormat
import PlanRuntime
import Tensors
import TestSupport
import ViTCompiler

/// Plans: opened and verified as `vitc verify` does, and put to a use if they are sound.
struct PlanTarget: Target {
  /// What a sound plan is used for, as `vitc inspect`, `vitc rewrite` and `vitrun` do.
  enum Use {
    case inspection, rewrite, execution

    /// The sections that are changed; the more often named, the more often.
    var sections: [SectionKind] {
      switch self {
      case .inspection: SectionKind.allCases
      case .rewrite: [.graph, .graph, .graph, .constants, .facts, .programs]
      case .execution: [.programs, .programs, .programs, .constants, .facts, .weights, .cascade]
      }
    }
  }

  /// Plans that ask for more than this per image are sound, but not executed here.
  private static let largestArena = 1 << 22

  let path: String
  let output: String
  let use: Use
  let corpus: [[UInt8]]

  init(in folder: TemporaryFolder, use: Use) throws {
    self.use = use
    path = folder.file("plan.bin")
    output = folder.file("output.bin")
    let plans = try SmallPlan.all(in: folder).map(\.bytes)
    corpus = use == .inspection ? plans + [try Self.version1()] : plans
  }

  /// A plan that vitc 0.1 wrote.
  private static func version1() throws -> [UInt8] {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return try MappedFile(path: "/\(root)/Tests/Fixtures/plans/version_1.bin").withBytes {
      Array($0)
    }
  }

  func mutate(_ plan: inout [UInt8], _ source: inout RandomSource) {
    if use == .inspection, source.once(in: 4) {
      ByteMutator.mutate(&plan, &source)
      if source.below(2) == 0 { PlanSeal.seal(&plan) }
      return
    }
    let kind = source.pick(use.sections)
    guard let range = PlanSeal.range(of: kind, in: plan) else {
      return ByteMutator.mutate(&plan, &source)
    }
    var section = Array(plan[range])
    if kind == .weights || source.once(in: 4) {
      let count = section.count
      ByteMutator.mutate(&section, &source)
      if kind == .weights {
        section = Array((section + [UInt8](repeating: 0, count: count)).prefix(count))
      }
    } else {
      for _ in 0...source.below(3) { IntegerMutator.mutate(&section, &source) }
    }
    plan = PlanSeal.plan(plan, with: section, as: kind)
  }

  func check(_ input: [UInt8]) throws -> Bool {
    try Files.write(input, to: path)
    do {
      // Read, not mapped: the address sanitizer then sees where the file ends.
      if use == .inspection, try PlanVersion1(path: path, mapping: false) != nil { return true }
      let plan = try Plan(path: path, mapping: false)
      for index in plan.file.constants.indices { try plan.file.verifyConstant(index) }
      switch use {
      case .inspection: try inspect(plan.file)
      case .rewrite: try rewrite(plan.file, choice: input.count + Int(input.last ?? 0))
      case .execution:
        for plan in [plan, plan.fallback?.plan].compactMap(\.self)
        where plan.program.arenaBytes <= Self.largestArena {
          try run(plan)
        }
      }
      return true
    } catch let error as InputError {
      try ErrorLine.check(error)
      return false
    }
  }

  private func inspect(_ plan: PlanFile) throws {
    do {
      try plan.graph.verify()
    } catch let error as GraphError {
      throw Finding(text: "a plan that opens, of a graph that does not hold: \(error)")
    }
    let graph = try PlanCompiler.executableGraph(of: plan)
    if plan.cascade != nil { _ = try PlanCompiler.fallbackGraph(of: plan) }
    let (blocks, stages) = (graph.blockSummaries().map(\.block), plan.program.stages.map(\.block))
    guard (blocks + stages).allSatisfy((0..<Graph.maximumBlocks).contains) else {
      throw Finding(text: "blocks \(blocks), stages \(stages)")
    }
    _ = (graph.multiplyAdds, graph.executedMultiplyAdds, graph.parameterCount, "\(graph)")
    try PlanCompiler.verifyProgram(of: plan)
  }

  /// A rewrite either refuses the plan or makes another that is sound, whose program is what its graph
  /// lowers to.
  private func rewrite(_ plan: PlanFile, choice: Int) throws {
    let recipe = SmallPlan.recipes[choice % SmallPlan.recipes.count].recipe
    let cascade = choice % 2 == 0 ? nil : CascadeRecord(margin: 0.5, fallbackShare: 0.1)
    try PlanCompiler.rewrite(
      plan, recipe: recipe, cascade: plan.facts.scores == .softmax ? cascade : nil, to: output)
    do {
      let rewritten = try PlanFile(path: output)
      try PlanCompiler.verifyProgram(of: rewritten)
    } catch let error as InputError {
      throw Finding(text: "a rewritten plan that is refused: \(error)")
    }
    try export(try PlanFile(path: output), choice: choice)
  }

  /// An export either refuses the plan or makes a model that is well formed.
  private func export(_ plan: PlanFile, choice: Int) throws {
    var options = ExportOptions()
    options.batch = choice % 3 == 0 ? .dynamic : .fixed(1 + choice % 3)
    options.opset = 17 + choice % 7
    (options.isBase, options.dequantizes) = (choice % 5 == 0, choice % 2 == 0)
    let model = output + ".onnx"
    try PlanCompiler.export(plan, options, to: model)
    do {
      _ = try Checkpoint.open(try MappedFile(path: model))
    } catch let error as InputError {
      throw Finding(text: "an exported model that is refused: \(error)")
    }
  }

  private func run(_ plan: Plan) throws {
    let session = try Session(plan: plan, maximumBatch: 2, threadCount: 1)
    for images in 1...2 {
      let logits = try session.run(images: images) { tensor in
        for index in tensor.indices { tensor[index] = Float(index % 17) - 8 }
      } read: { result in
        let patches = plan.facts.gridHeight * plan.facts.gridWidth
        _ = TokenOwners.trace(try result.stages(image: 0), patches: patches)
        return try result.logits(image: images - 1)
      }
      guard logits.count == plan.classCount else {
        throw Finding(text: "\(logits.count) logits of \(plan.classCount) classes")
      }
    }
  }
}

/// Changes of the small integers, 8 bytes wide, that tables are made of.
enum IntegerMutator {
  private static let numbers: [Int64] = [
    -1, 0, 1, 2, 3, 4, 16, 63, 64, 128, 4096, 1 << 24, 1 << 31, 1 << 32, 1 << 62, .max, .min,
  ]

  /// Sets one integer to a neighbour, to another integer of the table, or to one that is telling.
  static func mutate(_ table: inout [UInt8], _ source: inout RandomSource) {
    let places = table.indices.dropLast(7).filter { place in
      let high = table[place + 3]
      return (high == 0 || high == 0xFF) && table[place + 3..<place + 8].allSatisfy { $0 == high }
    }
    guard !places.isEmpty else { return ByteMutator.mutate(&table, &source) }
    let place = source.pick(places)
    let value = load(table, place)
    let others = [
      value &+ 1, value &- 1, value &* 2, value / 2, value &+ 64, load(table, source.pick(places)),
      load(table, source.pick(places)), source.pick(numbers), Int64(source.below(40)),
    ]
    let bytes = withUnsafeBytes(of: source.pick(others).littleEndian, Array.init)
    table.replaceSubrange(place..<place + 8, with: bytes)
  }

  private static func load(_ table: [UInt8], _ place: Int) -> Int64 {
    table.withUnsafeBytes {
      Int64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Int64.self))
    }
  }
}
