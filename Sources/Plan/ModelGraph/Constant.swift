package import ModelFacts
package import Tensors

/// Weights of a graph: a name, a logical shape, and a way to get at the values.
package struct Constant: Sendable {
  /// The checkpoint's name for it, or a name derived from the names it was computed from.
  package var name: String

  /// Logical shape in PyTorch's convention, e.g. `[out, in]` for a linear layer.
  package var shape: Shape

  /// How many of the checkpoint's parameters it stands for; folding adds up, tables and
  /// statistics that are not trained count as 0.
  package var parameters: Int

  /// Where the values are.
  package var source: Source

  /// Where a constant's values are.
  package enum Source: Sendable {
    /// Computed when asked for: row-major float32 in the logical shape. Called once per emission,
    /// so that only one constant is in memory at a time.
    case computed(@Sendable () throws -> [Float])

    /// Already packed in the plan that the graph was read from. A rewrite copies those bytes; a pass that
    /// needs the numbers asks `values` to unpack them.
    case stored(PackedMatrix, values: @Sendable () throws -> [Float])
  }

  /// Makes a constant that counts as `parameters`, by default all its elements.
  package init(
    name: String, shape: Shape, parameters: Int? = nil,
    values: @escaping @Sendable () throws -> [Float]
  ) {
    self.name = name
    self.shape = shape
    self.parameters = parameters ?? shape.elementCount
    self.source = .computed(values)
  }

  /// Makes a constant whose bytes lie in the plan that is being rewritten.
  package init(
    name: String, parameters: Int, stored matrix: PackedMatrix,
    values: @escaping @Sendable () throws -> [Float]
  ) {
    self.name = name
    self.shape = Shape(matrix.shape)
    self.parameters = parameters
    self.source = .stored(matrix, values: values)
  }

  /// The values, row-major in the logical shape.
  /// - Throws: `InputError` if the source has other than the shape's number of values, beside what it
  ///   throws itself.
  package func values() throws -> [Float] {
    let values =
      switch source {
      case .computed(let compute): try compute()
      case .stored(_, let unpack): try unpack()
      }
    guard values.count == shape.elementCount else {
      throw InputError(
        file: "graph", field: "constant \(name)",
        expected: "\(shape.elementCount) values for \(shape)", found: "\(values.count)")
    }
    return values
  }
}
