internal import Checkpoints
internal import Tensors

/// Graphs that cannot be raised whatever their shape.
extension Tracer {
  /// onnxruntime's own operators that are read; the others of its domains are what its optimiser and its
  /// quantiser put in the place of a model's.
  private static let readOfRuntime: Set = ["Gelu", "FastGelu", "QuickGelu"]

  private static let runtimeDomains = ["com.microsoft", "com.ms."]

  /// Refuses them in words.
  static func refuseKinds(of graph: ONNXGraph) throws {
    for node in graph.nodes { try refuse(node, file: graph.file) }
  }

  /// Refuses a node of a branch.
  func refuse(_ node: ONNXNode) throws { try Self.refuse(node, file: graph.file) }

  private static func refuse(_ node: ONNXNode, file: String) throws {
    guard let reason = refusal(node) else { return }
    throw InputError(
      .unsupported, file: file, field: node.place, expected: reason.expected, found: reason.found)
  }

  private static func refusal(_ node: ONNXNode) -> (expected: String, found: String)? {
    let float = "a float ViT in straight-line code"
    if isQuantised(node) {
      return (float, "a quantised model; convert the float model that it was made from")
    }
    if runtimeDomains.contains(where: { node.domain.hasPrefix($0) }) {
      guard node.domain != "com.microsoft" || !readOfRuntime.contains(node.operation) else {
        return nil
      }
      return (
        "operators of ONNX",
        "\(node.operation), which onnxruntime's optimiser makes of several; convert the model that "
          + "it was made from, before the optimisation"
      )
    }
    guard node.domain.isEmpty else {
      return (
        "operators of ONNX", "\(node.operation) of the domain \(node.domain), which is not known"
      )
    }
    if ["Loop", "Scan"].contains(node.operation) {
      return (float, "control flow; export the model in evaluation mode")
    }
    return nil
  }

  private static func isQuantised(_ node: ONNXNode) -> Bool {
    let name = node.operation
    return name.hasPrefix("QLinear") || name.hasPrefix("DynamicQuantize")
      || name.hasPrefix("MatMulInteger") || name.hasSuffix("NBits") || name.hasSuffix("Bnb4")
      || [
        "QuantizeLinear", "DequantizeLinear", "ConvInteger", "QGemm", "QAttention",
        "QOrderedMatMul", "QOrderedAttention", "QOrderedGelu", "QOrderedLayerNormalization",
        "QuantizeWithOrder", "DequantizeWithOrder", "QMoE",
      ].contains(name)
  }
}
