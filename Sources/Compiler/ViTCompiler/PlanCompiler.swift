public import KernelInterface
internal import ModelFacts
package import PlanEmitter
public import PlanFormat
package import Tensors

/// Makes plans: from checkpoints, and from other plans.
public enum PlanCompiler {
  /// How the weights of products are stored; arithmetic is always float32.
  public typealias WeightStorage = KernelInterface.MatrixElement

  /// What an error's subject names of ``WeightStorage``.
  public typealias StorageOption = PlanFormat.StorageOption

  /// Writes an imported model as a plan, whole or not at all.
  /// - Parameters:
  ///   - model: what `ModelImporter` made of `checkpoint`.
  ///   - checkpoint: where its weights are read from.
  ///   - labels: the classes' names by class; nil takes those of the model's configuration.
  ///   - weights: how the weights of products are stored.
  ///   - path: where the plan goes; never over a file that is open as an input, as those of the checkpoint.
  /// - Throws: `InputError` if the labels are not one a class, a weight does not fit its storage or
  ///   the plan cannot be written.
  public static func convert(
    _ model: ImportedModel, of checkpoint: Checkpoint, labels: [String]? = nil,
    weights: WeightStorage = .float32, to path: String
  ) throws {
    let names = labels?.map { Label(identifier: $0, name: $0) } ?? model.classLabels
    try convert(model, of: checkpoint, labels: names, weights: weights, to: path)
  }

  /// As the public function, with identifiers beside the names; `source` is where they are from.
  /// - Returns: the weights that hold NaN or infinity.
  @discardableResult
  package static func convert(
    _ model: ImportedModel, of checkpoint: Checkpoint, labels: [Label],
    source: String = "labels", weights: WeightStorage, to path: String
  ) throws -> [NonFiniteWeight] {
    guard labels.isEmpty || labels.count == model.facts.classes else {
      throw InputError(
        file: source, field: "lines", expected: "\(model.facts.classes), one a class",
        found: "\(labels.count)")
    }
    return try convert(
      model.graph, facts: model.facts, labels: Labels(labels),
      recipe: model.reduction?.recipe(for: model.facts) ?? RewriteRecipe(), weights: weights,
      to: path, from: checkpoint.sources)
  }

  /// Writes a plan that does what another does on fewer tokens; see ``RewriteOptions``.
  ///
  /// A rewritten plan is rewritten from its base graph again. Weights are copied as they are.
  /// - Throws: `InputError` naming what does not suit the plan.
  public static func rewrite(_ plan: String, _ options: RewriteOptions, to path: String) throws {
    try rewrite(try PlanFile(path: plan), options, to: path)
  }

  /// As the public function.
  /// - Returns: what the plan was made of, and what differs from what was asked for.
  @discardableResult
  package static func rewrite(
    _ plan: PlanFile, _ options: RewriteOptions, to path: String
  ) throws -> (model: RewrittenModel, notes: [Message]) {
    let extra = try MultiScaleSource(plan: plan, origin: options.multiScale).constants()
    let (recipe, notes) = try options.recipe(for: plan) {
      try model(of: plan, recipe: $0, extra: extra).executedMultiplyAdds
    }
    return (try rewrite(plan, recipe: recipe, extra: extra, to: path), notes)
  }
}
