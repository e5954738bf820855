package import ModelFacts
internal import Passes
package import PlanFormat
internal import Tensors
internal import ViTCompiler
package import ViTRuntime

/// Runs a model with schedules of one strategy, beside the dense model, on the same images.
package final class ScheduleEvaluator {
  /// The model, whose base graph is the dense model's.
  package var plan: PlanFile { dense.plan.file }

  /// The dense model.
  package let dense: Classifier

  /// Multiply-adds of the dense model as papers count them.
  package let denseMultiplyAdds: Int

  /// Those that it executes.
  package let denseExecuted: Int

  private let options: SearchOptions
  private var images: SearchImages?
  private var denseLogits: [[Float]] = []

  /// Images that run together: enough for all threads.
  private static let batch = 8

  /// - Throws: `InputError` if the model has no classes that exclude each other, or memory runs out.
  package init(_ plan: Plan, _ options: SearchOptions) throws {
    guard !plan.file.recipe.isMultiScale else {
      throw InputError(
        .unsupported, file: plan.path, field: "multi_scale",
        expected: "a plan of one scale, such as the one that this was made of", found: "two scales")
    }
    try plan.file.requireUntrained()
    self.options = options
    let whole = try PlanCompiler.program(of: plan.file, recipe: RewriteRecipe())
    dense = try Classifier(
      plan: Plan(whole.program, over: plan), maximumBatch: Self.batch, threadCount: options.threads,
      allowsLarge: options.allowsLarge)
    guard dense.plan.scores == .softmax, dense.plan.classCount > 1 else {
      throw InputError(
        .unsupported, file: plan.path, field: "scores",
        expected: "the softmax of at least two classes, which a search compares",
        found: dense.plan.scores == .softmax ? "\(dense.plan.classCount) class" : "sigmoid")
    }
    denseMultiplyAdds = whole.model.multiplyAdds
    denseExecuted = whole.model.executedMultiplyAdds
    try dense.session.waitUntilVerified()
  }

  /// Takes the images, and lets the dense model answer them.
  package func prepare(_ images: SearchImages) throws {
    denseLogits = try dense.finiteLogits(of: images.crops, paths: images.paths)
    self.images = images
  }

  /// The recipe of a schedule.
  package func recipe(_ removed: [Int]) throws -> RewriteRecipe {
    var recipe = template
    recipe.stages = try TokenSchedule(removed).stages(
      of: options.strategy.definition, model: plan.facts, option: .removedCounts)
    return recipe
  }

  /// The recipe without its stages.
  var template: RewriteRecipe {
    var recipe = RewriteRecipe()
    recipe.strategy = options.strategy.rawValue
    recipe.isSizeAware = options.isSizeAware || options.strategy.definition.sizes == .always
    return recipe
  }

  /// Multiply-adds that an image takes of the model as a recipe rewrites it.
  package func executed(_ recipe: RewriteRecipe) throws -> Int {
    try PlanCompiler.model(of: plan, recipe: recipe).executedMultiplyAdds
  }

  /// The schedule of these proportions that meets a budget.
  /// - Throws: `InputError` naming the budget if it cannot be met.
  func schedule(_ parts: [Double], _ budget: RewriteOptions.Budget) throws -> [Int] {
    let largest = max(parts.max() ?? 0, .leastNormalMagnitude)
    let proportions = TokenSchedule(parts.map { Int(($0 / largest * 65_536).rounded()) })
    return try proportions.meeting(
      budget, of: plan, by: options.strategy.definition, recipe: template, executed: executed
    ).removed
  }

  /// How many images ``margins(of:)`` are of, each counted once.
  private(set) var imagesForMargins = 0

  /// How sure a schedule is of each of the folder's images: how far its two most probable classes are apart. Without
  /// further images, of all views of those that were looked at.
  func margins(of trial: SearchTrial) throws -> [Double] {
    guard let images else { preconditionFailure("no images yet") }
    guard !images.others.isEmpty else { return trial.comparison.margins }
    let rewritten = try PlanCompiler.program(of: plan, recipe: recipe(trial.removed))
    let classifier = try classifier(rewritten.program)
    var margins = Array(trial.comparison.margins.prefix(images.paths.count))
    for start in stride(from: 0, to: images.others.count, by: Self.batch) {
      var paths: [String] = []
      var crops: [RGBImage] = []
      for path in images.others[start..<min(start + Self.batch, images.others.count)] {
        do {
          crops.append(
            try classifier.preprocessing.prepare(
              path: path, orientation: .ignore, maximumPixels: images.maximumPixels
            ).crop)
          paths.append(path)
        } catch let error as InputError where error.kind != .outOfResources {
          // What cannot be read tells nothing, and the search does not need it.
        }
      }
      guard !crops.isEmpty else { continue }
      margins += try classifier.finiteLogits(of: crops, paths: paths).map(Ranking.margin)
    }
    imagesForMargins = margins.count
    return margins
  }

  private func classifier(_ program: Program) throws -> Classifier {
    try Classifier(
      plan: Plan(program, over: dense.plan), maximumBatch: Self.batch,
      threadCount: options.threads, allowsLarge: options.allowsLarge)
  }

  /// A schedule's answers beside the dense model's.
  package func compare(_ removed: [Int]) throws -> SearchTrial {
    let rewritten = try PlanCompiler.program(of: plan, recipe: recipe(removed))
    guard let images else { preconditionFailure("no images yet") }
    let classifier = try classifier(rewritten.program)
    let logits = try classifier.finiteLogits(of: images.crops, paths: images.paths)
    var comparison = Comparison()
    for (own, reference) in zip(logits, denseLogits) {
      comparison.add(own, reference: reference)
    }
    return SearchTrial(
      removed: removed, multiplyAdds: rewritten.model.executedMultiplyAdds, comparison: comparison)
  }

  /// What the dense model does of an image that a schedule has seen.
  package func rest(behind removed: [Int]) throws -> Plan {
    let rewritten = try PlanCompiler.program(of: plan, recipe: recipe(removed))
    return try Plan(rewritten.program, over: dense.plan).continuation(by: dense.plan)?.rest
      ?? dense.plan
  }

  /// Median milliseconds of an image on its own, on all threads.
  package func milliseconds(_ removed: [Int]) throws -> Double {
    let rewritten = try PlanCompiler.program(of: plan, recipe: recipe(removed))
    return try milliseconds(Plan(rewritten.program, over: dense.plan))
  }

  /// The dense model's.
  package func denseMilliseconds() throws -> Double { try milliseconds(dense.plan) }

  func milliseconds(_ plan: Plan) throws -> Double {
    let session = try Session(
      plan: plan, threadCount: options.threads, allowsLarge: options.allowsLarge)
    var times: [Double] = []
    var clock = Stopwatch()
    while times.count < 9 || times.reduce(0, +) < 200 {
      _ = clock.lap()
      try session.run(images: 1) { _ in
      } read: { _ in
      }
      times.append(clock.lap())
    }
    return times.sorted()[times.count / 2]
  }

  /// What a schedule does to each image, and what both models say of it.
  func traces(_ removed: [Int]) throws -> [ImageTrace] {
    guard let images else { preconditionFailure("no images yet") }
    let rewritten = try PlanCompiler.program(of: plan, recipe: recipe(removed))
    let classifier = try Classifier(
      plan: Plan(rewritten.program, over: dense.plan), threadCount: options.threads,
      allowsLarge: options.allowsLarge)
    return try images.paths.indices.map { index in
      let crop = images.crops[index]
      let (logits, stages) = try classifier.run([crop]) {
        (try $0.logits(image: 0), try $0.stages(image: 0))
      }
      let (reference, own) = (answer(denseLogits[index]), answer(logits))
      return ImageTrace(
        path: images.paths[index], dense: reference, plan: own, crop: crop,
        maps: TokenOwners.follow(stages, patches: plan.facts.patches).map {
          TokenMap(owners: $0.owners, fused: Set($0.fused))
        },
        tokens: stages.map { $0.record.patchesOut })
    }
  }

  private func answer(_ logits: [Float]) -> ImageTrace.Answer {
    let top = Ranking(logits, by: .softmax, count: 1).top[0]
    return ImageTrace.Answer(
      index: top.index, label: dense.plan.label(top.index), probability: top.probability)
  }
}
