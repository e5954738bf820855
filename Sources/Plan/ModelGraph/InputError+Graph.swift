package import Tensors

extension InputError {
  /// What `body` returns; a graph that does not hold is an error of the file that it came from.
  package static func wrappingGraphErrors<R>(of file: String, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as GraphError {
      throw InputError(
        file: file, field: "graph, \(error.place)",
        expected: error.expected, found: error.reason)
    }
  }
}
