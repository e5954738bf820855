package import ModelGraph

/// A rewrite of a graph, named by its effect.
package protocol Pass: Sendable {
  /// The name that dumps use, e.g. `FuseNormIntoLinear`.
  var name: String { get }

  /// The rewritten graph; the same graph when there is nothing to do.
  func run(_ graph: Graph) throws -> Graph
}

extension Pass {
  /// The type's own name.
  package var name: String { "\(Self.self)" }
}

/// Applies passes in order and verifies the graph before the first and after each.
package struct PassDriver: Sendable {
  /// The passes, in order.
  package var passes: [any Pass]

  /// Stops after this many passes; nil runs them all.
  package var limit: Int?

  /// Sees the graph after each pass.
  package var observe: (@Sendable (_ pass: String, _ graph: Graph) -> Void)?

  /// Makes a driver of an ordered list of passes.
  package init(
    _ passes: [any Pass], limit: Int? = nil,
    observe: (@Sendable (_ pass: String, _ graph: Graph) -> Void)? = nil
  ) {
    self.passes = passes
    self.limit = limit
    self.observe = observe
  }

  /// The graph after all passes.
  package func run(_ graph: Graph) throws -> Graph {
    try graph.verify()
    var graph = graph
    for pass in passes.prefix(limit ?? passes.count) {
      graph = try pass.run(graph)
      try graph.verify()
      observe?(pass.name, graph)
    }
    return graph
  }
}

/// The ordered lists of passes.
package enum PassList {
  /// Import form to base graph: folds into weights what is linear in them. Runs once, at convert.
  package static let cleanup: [any Pass] = [
    FoldBatchNorm(), FoldLayerScale(), FoldResidualScale(), SinkPositions(), EliminateDeadNodes(),
  ]

  /// Base graph, rewritten or not, to the form that is lowered: one node for each kernel.
  package static let fusion: [any Pass] = [
    PushSliceUp(), FuseTableIntoConvolution(), FuseActivation(), FuseNormIntoLinear(),
    FuseResidual(), FuseDepthwiseResidual(), EliminateDeadNodes(),
  ]
}
