package import ModelFacts
package import ModelGraph
package import PlanFormat
package import Tensors

/// Writes a plan's model as an ONNX model of standard operators.
package enum ONNXExporter {
  /// What was written.
  package struct Result: Sendable {
    /// Nodes of the graph, those in loops not counted.
    package let nodes: Int

    /// The file of the weights, if it is another one.
    package let dataPath: String?

    /// The plan's constants that the graph does not read, as those of a rewrite that is not made: they are left out.
    package let leftOut: [String]

    /// What a user may not expect of it.
    package func note(on plan: PlanFile) -> Message? {
      leftOut.first.map {
        "\(plan.path): \($0): \(leftOut.count) constants are left out, as the graph does not read them"
      }
    }
  }

  /// Writes `graph` to `path`, whole or not at all.
  ///
  /// The input `image` is float32 `[n, channels, height, width]`, what `vitrun --tensor` takes; the results are called
  /// after their roles, logits and features `[n, width]`, tokens `[n, count, width]`. One constant at a time is in
  /// memory. The same plan gives the same bytes.
  /// - Parameters:
  ///   - graph: what the plan computes, one thing in each node; its constants begin with the plan's.
  ///   - recipe: how it was rewritten.
  /// - Throws: `InputError` naming what ONNX cannot say, a constant that is damaged, or `path` if it cannot be
  ///   written.
  package static func write(
    _ graph: Graph, recipe: RewriteRecipe, of plan: PlanFile, _ options: ExportOptions,
    to path: String
  ) throws -> Result {
    try options.check()
    let lowered = try GraphLowering.lower(graph, options, file: plan.path)
    let file = ModelFile(
      lowered, of: graph, in: plan, opset: options.opset,
      metadata: ModelMetadata.texts(of: plan, recipe: recipe, graph: graph))
    let dataPath = try file.write(to: path, splitting: options.hasExternalData)
    let read = Set(graph.usedConstants().map(\.index))
    let leftOut = plan.graph.constants.indices.filter { !read.contains($0) }
      .map { plan.graph.constants[$0].name }
    return Result(nodes: lowered.nodes.count, dataPath: dataPath, leftOut: leftOut)
  }
}
