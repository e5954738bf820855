internal import COnnx
internal import Tensors

extension ONNXModel {
  /// Turns a parsed message into values of Swift.
  static func read(_ parsed: borrowing ParsedModel, _ mapped: MappedFile) throws -> ONNXModel {
    try parsed.withMessage { model in
      func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
        InputError(file: mapped.path, field: field, expected: expected, found: found)
      }
      guard let graph = model.graph?.pointee else { throw fail("graph", "one", "none") }
      guard graph.n_sparse_initializer == 0 else {
        throw fail("sparse_initializer", "dense weights", "\(graph.n_sparse_initializer) sparse")
      }
      var reader = GraphReader(mapped)
      let read = try reader.graph(graph)
      var opsets: [String: Int] = [:]
      for opset in elements(model.n_opset_import, model.opset_import) {
        let domain = text(opset.domain)
        opsets[domain == "ai.onnx" ? "" : domain] = Int(opset.version)
      }
      var metadata: [String: String] = [:]
      for entry in elements(model.n_metadata_props, model.metadata_props) {
        metadata[text(entry.key)] = text(entry.value)
      }
      let functions = elements(model.n_functions, model.functions)
        .map { "\(text($0.domain)).\(text($0.name))" }
      let producer = [text(model.producer_name), text(model.producer_version)]
      return ONNXModel(
        file: mapped.path, irVersion: Int(model.ir_version), opsets: opsets,
        producer: producer.filter { !$0.isEmpty }.joined(separator: " "), metadata: metadata,
        functions: functions, graph: read, externalFiles: reader.externalFiles)
    }
  }

  private init(
    file: String, irVersion: Int, opsets: [String: Int], producer: String,
    metadata: [String: String], functions: [String], graph: ONNXGraph, externalFiles: [MappedFile]
  ) {
    self.file = file
    self.irVersion = irVersion
    self.opsets = opsets
    self.producer = producer
    self.metadata = metadata
    self.functions = functions
    self.graph = graph
    self.externalFiles = externalFiles
  }
}
