import ViTCompiler
import ViTRuntime

/// What articles and comments show: `tools/docs.py` looks for their pieces of Swift here, line by line.
enum Walkthrough {
  static func convert(_ path: String, to dense: String) throws {
    let checkpoint = try Checkpoint.open(path)
    let model = try ModelImporter.importModel(checkpoint, options: ImportOptions())
    try PlanCompiler.convert(model, of: checkpoint, to: dense)
  }

  static func list(_ checkpoint: Checkpoint) {
    for (name, tensor) in checkpoint.tensors.sorted(by: { $0.key < $1.key }) {
      print(name, tensor.dtype, tensor.shape)
    }
  }

  static func rewrite(_ dense: String, to fast: String) throws {
    var options = RewriteOptions(keepRates: [0.7])
    options.strategy = .tome
    try PlanCompiler.rewrite(dense, options, to: fast)
  }

  static func rewriteToABudget(_ dense: String, to fast: String) throws {
    var options = RewriteOptions(removal: .counts([0, 0, 0, 32, 11, 11, 47, 8, 2, 8, 2]))
    options.strategy = .weighted
    options.budget = .share(0.6)
    try PlanCompiler.rewrite(dense, options, to: fast)
  }

  static func logits(_ tensor: [Float], of count: Int, by plan: Plan) throws -> [[Float]] {
    let session = try Session(plan: plan, maximumBatch: 8)
    let logits = try session.run(images: count) { input in
      for index in input.indices { input[index] = tensor[index] }
    } read: { result in
      try (0..<count).map { try result.logits(image: $0) }
    }
    return logits
  }

  static func makeBoth() throws {
    let checkpoint = try Checkpoint.open("deit_small.safetensors")
    let model = try ModelImporter.importModel(checkpoint, options: ImportOptions())
    try PlanCompiler.convert(model, of: checkpoint, to: "dense.bin")
    try PlanCompiler.rewrite("dense.bin", RewriteOptions(keepRates: [0.7]), to: "fast.bin")
  }

  static func classify() throws {
    let classifier = try Classifier(plan: Plan(path: "plan.bin"))
    let crop = try classifier.preprocessing.crop(path: "photo.jpg")
    let logits = try classifier.logits(of: [crop])[0]
    for (index, probability) in Ranking(logits, by: classifier.plan.scores, count: 5).top {
      print(classifier.plan.label(index), probability)
    }
  }

  static func classify(_ paths: [String]) throws {
    let runner = try ImageRunner(plan: Plan(path: "plan.bin"), maximumBatch: 16)
    for (path, result) in zip(paths, try runner.run(paths.map { .file($0) })) {
      let logits = try result.get().logits ?? []
      print(path, Ranking(logits, by: runner.plan.scores, count: 5).top)
    }
  }

  static func classify(inBackground paths: [String], with runner: ImageRunner) async throws {
    for result in try await runner.run(inBackground: paths.map { .file($0) }) {
      print(try result.get().stages.map(\.kept.count))
    }
  }

  static func askAgain() throws {
    let cascade = try Cascade(
      plan: Plan(path: "fast.bin"), fallback: Plan(path: "dense.bin"), margin: 0.05)
    let crop = try cascade.preprocessing.crop(path: "photo.jpg")
    let answer = try cascade.answers(to: [crop])[0]
    for (index, probability) in Ranking(answer.logits, by: .softmax, count: 5).top {
      print(cascade.label(index), probability, answer.isFallback)
    }
  }

  static func askAgain(_ crops: [RGBImage]) throws {
    let cascade = try Cascade(
      plan: Plan(path: "fast.bin"), fallback: Plan(path: "dense.bin"), margin: 0.05, maximumBatch: 8
    )
    for answer in try cascade.answers(to: crops) {
      print(answer.isFallback, answer.logits)
    }
  }

  static func prepare(
    _ preprocessing: Preprocessing, into tensor: UnsafeMutableBufferPointer<Float>
  ) throws {
    let crop = try preprocessing.crop(path: "photo.jpg")
    try preprocessing.normalise(crop, into: tensor)
  }
}
