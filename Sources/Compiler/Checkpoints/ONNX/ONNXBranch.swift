package import Tensors

/// A graph inside of an `If` node: what runs where its condition holds, or where it does not. It has no inputs, and reads the
/// values of the graphs around it.
package struct ONNXBranch: Sendable {
  /// The nodes in order.
  package let nodes: [ONNXNode]

  /// Stored constants by name.
  package let initializers: [String: TensorView]

  /// The names of the results.
  package let outputs: [String]
}
