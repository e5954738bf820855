import ModelFacts
import ModelGraph
import PlanFormat
import PlanRuntime
import TestSupport
import Tensors
import Testing
import ViTCompiler
import ViTRuntime

/// Images of every form through a plan, as services run them.
struct ImageRunnerTests {
  private func bits(_ values: [Float]?) -> [UInt32]? { values?.map(\.bitPattern) }

  /// Another extent than the model's, so that it is resized.
  private func photo() throws -> RGBImage {
    var source = RandomSource(seed: 5)
    let samples = (0..<31 * 23 * 3).map { _ in UInt8(truncatingIfNeeded: source.next() >> 32) }
    return try RGBImage(width: 31, height: 23, samples: samples)
  }

  @Test func everyFormOfAnImageGivesTheClassifiersBitsAndABadOneItsError() throws {
    let fixture = try CascadeFixture()
    let plan = try Plan(path: fixture.cheap)
    let photo = try photo()
    let png = try PNGEncoder.encode(photo)
    let file = try fixture.folder.write(png, to: "photo.png")
    let crop = try Preprocessing(plan).crop(photo)
    let classifier = try Classifier(plan: plan)
    let (logits, owners) = try classifier.run([crop]) { result in
      let patches = plan.facts.gridHeight * plan.facts.gridWidth
      return (
        try result.logits(image: 0),
        TokenOwners.trace(try result.stages(image: 0), patches: patches)
      )
    }
    let runner = try ImageRunner(plan: plan, maximumBatch: 2, threadCount: 2)
    let results = try runner.run([
      .file(file), .encoded(Array("no image".utf8), name: "upload 7"), .encoded(png),
      .decoded(photo), .file("\(file).missing"),
    ])
    try #require(results.count == 5)
    for index in [0, 2, 3] {
      let result = try results[index].get()
      #expect(bits(result.logits) == bits(logits))
      #expect(result.features == nil && !result.isFallback)
      #expect(result.stages.map(\.owners) == owners && result.stages.map(\.block) == [2])
      let stage = try #require(result.stages.first)
      #expect(stage.kept.count == 8 && Set(stage.groups.keys) == Set(stage.kept))
      #expect(stage.groups.values.flatMap { $0 }.sorted() == Array(0..<16))
    }
    #expect(throws: InputError.self) { try results[1].get() }
    if case .failure(let error) = results[1] { #expect(error.file == "upload 7") }
    if case .failure(let error) = results[4] { #expect(error.kind == .unreadableFile) }
  }

  @Test func aCombinedPlanAnswersAsItsCascadeDoes() throws {
    let fixture = try CascadeFixture()
    let path = fixture.folder.file("combined.bin")
    try PlanCompiler.rewrite(
      try PlanFile(path: fixture.dense), recipe: fixture.recipe,
      cascade: CascadeRecord(margin: 0.3, fallbackShare: 0.5), to: path)
    let images = try fixture.crops(9)
    let cascade = try Cascade(combined: Plan(path: path), maximumBatch: 9)
    let answers = try cascade.answers(to: images.map { try cascade.preprocessing.crop($0) })
    let results = try ImageRunner(plan: Plan(path: path), maximumBatch: 4)
      .run(images.map { .decoded($0) }).map { try $0.get() }
    #expect(results.map { bits($0.logits) } == answers.map { bits($0.logits) })
    #expect(results.map(\.isFallback) == answers.map(\.isFallback))
    #expect(Set(answers.map(\.isFallback)).count == 2)
  }

  @Test func tensorsGiveTheSessionsBitsAndNumbersThatAreNoneAreRefused() throws {
    let fixture = try CascadeFixture()
    let plan = try Plan(path: fixture.dense)
    let size = plan.inputSize
    let one = 3 * size.height * size.width
    var source = RandomSource(seed: 8)
    var tensor = (0..<3 * one).map { _ in source.symmetric() }
    let runner = try ImageRunner(plan: plan, maximumBatch: 2)
    let results = try runner.run(tensor: tensor)
    for image in 0..<3 {
      let own = Array(tensor[image * one..<(image + 1) * one])
      let logits = try Session(plan: plan).run(images: 1) { input in
        for index in input.indices { input[index] = own[index] }
      } read: {
        try $0.logits(image: 0)
      }
      #expect(bits(results[image].logits) == bits(logits))
    }
    for wrong in [[], Array(tensor.dropLast())] {
      #expect(throws: InputError.self) { try runner.run(tensor: wrong) }
    }
    tensor[one + 3] = .nan
    let error = #expect(throws: InputError.self) { try runner.run(tensor: tensor) }
    #expect(error?.field == "element \(one + 3)" && error?.kind == .invalidOption)
    #expect(throws: InputError.self) { try runner.run([]) }
  }

  /// A tensor is looked through in parts, by several threads.
  @Test func aNumberThatIsNoneIsNamedWhereverItIs() throws {
    let folder = try TemporaryFolder()
    var form = SmallModel.Form("large patches")
    (form.patch, form.depth) = (40, 1)
    let model = try SmallModel(form, in: folder)
    try model.convert(to: folder.file("plan.bin"))
    let input = model.input(images: 3)
    for threads in [1, 3] {
      let runner = try ImageRunner(
        plan: Plan(path: folder.file("plan.bin")), maximumBatch: 2, threadCount: threads)
      let sound = try runner.run(tensor: input).map { bits($0.logits) }
      for index in [0, 16_383, 16_384, 153_600, input.count - 1] {
        var damaged = input
        damaged[index] = index % 2 == 0 ? .nan : -.infinity
        let error = #expect(throws: InputError.self) { try runner.run(tensor: damaged) }
        #expect(error?.field == "element \(index)" && error?.kind == .invalidOption)
      }
      #expect(try runner.run(tensor: input).map { bits($0.logits) } == sound)
    }
  }

  @Test func anEmbeddingIsGivenAndWhatAPlanLacksIsRefusedByName() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    var (graph, facts) = (model.graph, model.facts)
    let output = try #require(graph.outputs.first)
    graph.outputs = [Graph.Output(.features, output.value)]
    facts.classes = 0
    for (name, graph, facts) in [("l", model.graph, model.facts), ("f", graph, facts)] {
      try PlanCompiler.convert(
        graph, facts: facts, labels: Labels(), weights: .float32, to: folder.file(name), from: [])
    }
    let plans = try ["l", "f"].map { try Plan(path: folder.file($0)) }
    let input = model.input(images: 1)
    let logits = try ImageRunner(plan: plans[0]).run(tensor: input)[0]
    let embedder = try ImageRunner(plan: plans[1])
    let features = try embedder.run(tensor: input, for: .features)[0]
    #expect(plans[1].featureCount == 5 && plans[1].classCount == 0)
    #expect(features.logits == nil && bits(features.features) == bits(logits.logits))
    let lacking = #expect(throws: InputError.self) {
      try embedder.run(tensor: input, for: .logits)
    }
    #expect(
      lacking?.kind == .unsupported && lacking?.expected == "logits"
        && lacking?.found == "features")
  }

  /// The plan that tests in other languages ask for embeddings. With `VITC_RECORD=1` it is written anew.
  @Test func theFixtureWithEmbeddingsIsWhatItsGraphComesTo() throws {
    let folder = try TemporaryFolder()
    var form = SmallModel.Form("smallest")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (8, 2, 1, 8, 2)
    (form.patch, form.classes) = (2, 2)
    let model = try SmallModel(form, in: folder)
    var (graph, facts) = (model.graph, model.facts)
    graph.outputs = [Graph.Output(.features, try #require(graph.outputs.first).value)]
    facts.classes = 0
    // No path of a machine is part of a fixture.
    facts.provenance = []
    let root = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let fixture = "/\(root)/Fixtures/plans/features.bin"
    let path = RecordedRunTests.isRecording ? fixture : folder.file("plan.bin")
    try PlanCompiler.convert(
      graph, facts: facts, labels: Labels(), weights: .float32, to: path, from: [])
    let input = model.input(images: 2)
    let found = try [fixture, path].map { path in
      try ImageRunner(plan: Plan(path: path)).run(tensor: input).map { bits($0.features) }
    }
    #expect(found[0] == found[1] && found[0].count == 2)
  }

  @Test func tasksShareASessionWithoutWaitingOnTheirThreads() async throws {
    let fixture = try CascadeFixture()
    let plan = try Plan(path: fixture.dense)
    let images = try fixture.crops(3)
    let crops = try images.map { try Preprocessing(plan).crop($0) }
    let expected = try fixture.bits(plan, crops)
    let runner = try ImageRunner(plan: plan, maximumBatch: 2)
    let classifier = try Classifier(plan: plan, maximumBatch: 3)
    let found = try await withThrowingTaskGroup(of: [[UInt32]].self) { group in
      for number in 0..<16 {
        group.addTask {
          if number % 2 == 0 {
            return try await classifier.logits(inBackground: crops).map { $0.map(\.bitPattern) }
          }
          return try await runner.run(inBackground: images.map { .decoded($0) })
            .map { try $0.get().logits?.map(\.bitPattern) ?? [] }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(found.count == 16 && found.allSatisfy { $0 == expected })
  }

  @Test func plansInMemoryAreThoseOfFiles() throws {
    let fixture = try CascadeFixture()
    let bytes = try MappedFile(path: fixture.dense).withBytes { Array($0) }
    let crops = try fixture.crops(1)
    let expected = try fixture.bits(try Plan(path: fixture.dense), crops)
    #expect(try fixture.bits(try Plan(bytes: bytes, name: "upload"), crops) == expected)
    for wrong in [[], Array(bytes.dropLast(70)), Array(bytes.dropFirst())] {
      let error = #expect(throws: InputError.self) { try Plan(bytes: wrong, name: "upload") }
      #expect(error?.file == "upload")
    }
  }

  @Test func whatCannotBeAnImageADrawingOrATransformIsThrown() throws {
    for (width, height, count) in [(0, 0, 0), (2, 2, 11), (-1, -1, 3), (.max, 3, 9)] {
      #expect(throws: InputError.self) {
        try RGBImage(width: width, height: height, samples: [UInt8](repeating: 0, count: count))
      }
    }
    let image = try photo()
    for map in [[0], [0, 1, 2, 4], [nil, nil, nil, -1]] as [[Int?]] {
      #expect(throws: InputError.self) {
        try TokenMapDrawing().draw(
          crop: image, gridHeight: 2, gridWidth: 2, maps: [TokenMap(owners: map)])
      }
    }
    for (height, mean, deviation) in [
      (0, [0, 0, 0], [1, 1, 1]), (8, [0, 0], [1, 1, 1]), (8, [0, 0, .nan], [1, 1, 1]),
      (8, [0, 0, 0], [1, 1, 0]), (1 << 20, [0, 0, 0], [1, 1, 1]),
    ] as [(Int, [Float], [Float])] {
      #expect(throws: InputError.self) {
        try Preprocessing.custom(
          height: height, width: 8, resize: .shortestEdge(8), mean: mean,
          standardDeviation: deviation)
      }
    }
    #expect(throws: InputError.self) {
      try NPYFile.write([1, 2, 3], shape: [2, 2], to: "/nowhere/array.npy")
    }
  }
}
