internal import Checkpoints
internal import ModelFacts
internal import Tensors

/// Activations that are one operator, ONNX's own or onnxruntime's.
extension Tracer {
  mutating func traceActivation(_ node: ONNXNode) throws {
    var input = try data(0)
    let kind: Activation
    switch node.operation {
    case "Gelu":
      switch try node.string("approximate") ?? "none" {
      case "none": kind = .gelu
      case "tanh": kind = .geluTanh
      case let form: throw fail("GELU, exact or approximated by tanh", "approximate \(form)")
      }
    case "FastGelu":
      kind = .geluTanh
      if let bias = try literal(1) {
        guard input.shape.last == bias.layout.elementCount, bias.shape.count == 1 else {
          throw fail("a bias that fits \(input.shape)", "\(bias.shape)")
        }
        input = try term(.addConstant(input, bias), shape: input.shape)
      }
    default:
      // `x sigmoid(alpha x)`, read as what it is made of.
      var scaled = input
      let isQuick = node.operation == "QuickGelu"
      scaled.factor *= Double(try float("alpha", default: isQuick ? 1.702 : 1))
      let gate = try function("Sigmoid", scaled)
      return try set(.data(try term(.multiply(input, gate), shape: input.shape)))
    }
    try set(.data(try term(.activation(kind, input), shape: input.shape)))
  }
}
