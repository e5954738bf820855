internal import Checkpoints
internal import Tensors

extension Tracer {
  /// Traces one node.
  mutating func trace(_ node: ONNXNode) throws {
    switch node.operation {
    case "Constant":
      guard let name = node.outputs.first, let tensor = try graph.constant(name) else {
        throw fail("a value", "none")
      }
      try set(.constant(Literal(tensor, name: name)))
    case "Identity", "Dropout", "Cast", "CastLike": try set(try cast(node, try required(0)))
    case "Shape", "Size", "ConstantOfShape", "Range": try traceShape(node)
    case "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split", "Gather",
      "Expand":
      try traceMovement(node)
    case "Concat": try traceConcatenation(node)
    case "Add", "Sub", "Mul", "Div", "Pow", "Equal", "Greater", "Less", "GreaterOrEqual",
      "LessOrEqual", "And", "Or", "Min", "Max", "Mod":
      try traceBinary(node)
    case "Sqrt", "Erf", "Relu", "Reciprocal", "Neg", "Floor", "Ceil", "Not", "IsNaN", "Tanh",
      "Sigmoid", "Exp", "Abs", "Log":
      try traceFunction(node)
    case "Where": try traceChoice()
    case "Conv": try traceConvolution()
    case "BatchNormalization": try traceBatchNorm()
    case "LayerNormalization": try traceLayerNorm()
    case "MatMul": try traceProduct()
    case "Gemm": try traceGemm()
    case "Softmax", "LogSoftmax": try traceSoftmax(node)
    case "Resize": try traceResize(node)
    case "ReduceMean", "ReduceMax", "ReduceSum", "ReduceProd": try traceReduction(node)
    case "Gelu", "FastGelu", "QuickGelu", "Swish": try traceActivation(node)
    case "Attention": try traceAttention(node)
    default:
      throw fail("an operator that a ViT needs", node.qualifiedOperation)
    }
  }

  /// Element types do not matter to terms; constants lose their fraction when they become integers.
  private mutating func cast(_ node: ONNXNode, _ value: TracedValue) throws -> TracedValue {
    guard node.operation == "Cast" || node.operation == "CastLike" else { return value }
    let isInteger: Bool
    if node.operation == "CastLike" {
      guard case .constant(let like) = try required(1) else { return value }
      isInteger = like.isInteger
    } else {
      // 1 float, 10 float16, 11 double, 16 bfloat16.
      isInteger = ![1, 10, 11, 16].contains(try integer("to", default: 1))
    }
    switch value {
    case .data(let view):
      guard !isInteger else { throw fail("a cast to floats", "one to integers") }
      return .data(try floats(of: view))
    case .constant(let literal):
      guard isInteger != literal.isInteger, let numbers = literal.numbers() else { return value }
      return .constant(
        Literal(
          isInteger ? numbers.map { $0.rounded(.towardZero) } : numbers, shape: literal.shape,
          isInteger: isInteger))
    }
  }

  /// Samples as the numbers that they are; all else as it is.
  private mutating func floats(of view: TermView) throws -> TermView {
    let term = terms[view.term]
    guard case .samples = term.kind else { return view }
    guard view.factor == 1 else { throw fail("samples from 0 to 255", "arithmetic on integers") }
    let picture = try self.term(.picture, shape: term.shape)
    return TermView(term: picture.term, layout: view.layout)
  }
}
