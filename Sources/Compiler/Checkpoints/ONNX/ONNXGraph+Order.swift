internal import Tensors

extension ONNXGraph {
  /// Throws unless every value is defined once and before it is used.
  func checkOrder() throws {
    var defined = Set(initializers.keys)
    for input in inputs {
      guard defined.insert(input.name).inserted else {
        throw fail("input \(input.name)", "each name once", "it twice")
      }
    }
    for node in nodes {
      for name in node.inputs where !name.isEmpty && !defined.contains(name) {
        guard let later = producer(of: name) else {
          throw node.error(expected: "an input that is defined", found: "'\(name)', which is not")
        }
        throw node.error(
          expected: "inputs of earlier nodes",
          found: "'\(name)' of \(later.label): a cycle, or nodes out of order")
      }
      for name in node.outputs where !name.isEmpty {
        guard defined.insert(name).inserted else {
          throw node.error(expected: "outputs with new names", found: "'\(name)' again")
        }
      }
    }
    for output in outputs where !defined.contains(output.name) {
      throw fail("output \(output.name)", "a value that is defined", "none of that name")
    }
  }

  private func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
    InputError(file: file, field: field, expected: expected, found: found)
  }
}
