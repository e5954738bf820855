internal import ModelFacts
internal import ModelGraph
public import ONNXExport
internal import Passes
package import PlanFormat

extension PlanCompiler {
  /// Writes what a plan computes as an ONNX model, of ONNX's own operators alone.
  ///
  /// Weights of float16 stay so, with arithmetic of float32; those of int8 multiply rows that are quantized as they
  /// come, as in the plan. The model says what the plan says: labels, preprocessing, where values came from.
  /// - Parameters:
  ///   - plan: the plan's path.
  ///   - options: which of the plan's models, for how many images, and how it is written.
  ///   - path: where the model goes; never over a file that is open as an input.
  /// - Throws: `InputError` naming an option that is not possible, what ONNX cannot say, or what cannot be written.
  public static func export(_ plan: String, _ options: ExportOptions, to path: String) throws {
    try export(try PlanFile(path: plan), options, to: path)
  }

  /// As the public function.
  @discardableResult
  package static func export(
    _ plan: PlanFile, _ options: ExportOptions, to path: String
  ) throws -> ONNXExporter.Result {
    if options.isFallback { try plan.requireCascade() }
    if options.isBase { try plan.requireUntrained() }
    if plan.recipe.isEmpty || options.isBase || options.isFallback {
      return try ONNXExporter.write(
        try whole(plan.graph, plan), recipe: RewriteRecipe(), of: plan, options, to: path)
    }
    // Rows of the last block that no head reads are left out. A dense model keeps them, in the form that
    // importers know.
    let graph = try InputError.wrappingGraphErrors(of: plan.path) {
      try PassDriver([PushSliceUp()]).run(try executableGraph(of: plan))
    }
    return try ONNXExporter.write(graph, recipe: plan.recipe, of: plan, options, to: path)
  }
}
