package import PlanFormat
internal import Tensors
internal import ViTCompiler
package import ViTRuntime

/// Runs a quantized plan beside the plan that it was made of, image by image.
package final class QuantizationCheck {
  /// How images are read and cropped, the same for both.
  package var preprocessing: Preprocessing { original.preprocessing }

  /// How the quantized plan's answers compare with the original's.
  package private(set) var comparison = Comparison()

  /// How many of the images whose class is known each names right.
  package private(set) var correct = (original: 0, quantized: 0)

  private let original: Classifier
  private let quantized: Classifier

  /// Images that run together: enough for all threads.
  package static let batch = 8

  /// Of combined plans the programs of fewer tokens are compared.
  /// - Throws: `InputError` if they are of no use for that, as ``requireClasses(of:)``.
  package init(_ quantized: Plan, of original: Plan) throws {
    try Self.requireClasses(of: original)
    self.original = try Classifier(plan: original, maximumBatch: Self.batch)
    self.quantized = try Classifier(plan: quantized, maximumBatch: Self.batch)
  }

  /// Throws if a model has no classes, or such as do not exclude each other.
  package static func requireClasses(of original: Plan) throws {
    try original.requireLogits()
    guard original.scores == .softmax else {
      throw InputError(
        .unsupported, file: original.path, field: "scores",
        expected: "softmax, of which two models' are compared", found: "sigmoid")
    }
  }

  /// Lets both answer cropped images.
  /// - Parameters:
  ///   - paths: what errors name.
  ///   - labels: the images' classes, where they are known.
  /// - Throws: `InputError` naming an image of which a logit is not finite.
  package func add(_ crops: [RGBImage], paths: [String], labels: [Int?]) throws {
    let references = try original.finiteLogits(of: crops, paths: paths)
    let own = try quantized.finiteLogits(of: crops, paths: paths)
    for (index, label) in labels.enumerated() {
      let answers = (Self.answer(references[index]), Self.answer(own[index]))
      comparison.add(own[index], reference: references[index])
      if answers.0 == label { correct.original += 1 }
      if answers.1 == label { correct.quantized += 1 }
    }
  }

  private static func answer(_ logits: [Float]) -> Int {
    Ranking(logits, by: .softmax, count: 1).top[0].index
  }

  /// For each weight that became int8: its name, and the mean divergence that is left on some images where it alone
  /// is as it was, the one that hurts most first.
  /// - Parameter output: the quantized plan's path, beside which a file lies for a moment.
  package static func divergences(
    of plan: PlanFile, keeping keptWeights: [String], beside output: String, crops: [RGBImage],
    paths: [String]
  ) throws -> [(name: String, divergence: Double)] {
    // Both forms of each weight in one plan, so that a program can choose of them.
    let (both, originals) = try TemporaryFiles.withName(beside: output) { path in
      let originals = try PlanCompiler.quantize(
        plan, keeping: keptWeights, addingOriginals: true, to: path)
      return (try Plan(path: path), originals)
    }
    func logits(_ isOriginal: (Int) -> Bool) throws -> [[Float]] {
      var program = both.file.program
      for index in program.steps.indices {
        guard case .linear(var step) = program.steps[index].step,
          let original = originals[step.weight], isOriginal(step.weight)
        else { continue }
        step.weight = original
        program.steps[index] = StepRecord(.linear(step))
      }
      let constants = both.file.constants
      program = program.choosingAttention { constants[$0].element == .int8 }
      let classifier = try Classifier(plan: Plan(program, over: both), maximumBatch: batch)
      return try classifier.finiteLogits(of: crops, paths: paths)
    }
    let references = try logits { _ in true }
    return try originals.keys.map { weight in
      var comparison = Comparison()
      for (own, reference) in zip(try logits { $0 == weight }, references) {
        comparison.add(own, reference: reference)
      }
      return (both.file.constants[weight].name, comparison.divergence)
    }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
  }
}

extension Classifier {
  /// The logits of cropped images, batch by batch.
  /// - Parameter paths: the images', of which the crops may be several rounds.
  /// - Throws: `InputError` naming an image of which a logit is not finite: what follows from it would say nothing.
  func finiteLogits(of crops: [RGBImage], paths: [String]) throws -> [[Float]] {
    var result: [[Float]] = []
    for start in stride(from: 0, to: crops.count, by: session.maximumBatch) {
      let batch = crops[start..<min(start + session.maximumBatch, crops.count)]
      result += try logits(of: Array(batch))
    }
    for (index, logits) in result.enumerated() {
      guard let value = logits.first(where: { !$0.isFinite }) else { continue }
      throw InputError(
        file: paths[index % paths.count], field: "logits", expected: "finite numbers",
        found: "\(value)")
    }
    return result
  }
}
