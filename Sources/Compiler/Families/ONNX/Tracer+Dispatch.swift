internal import Checkpoints
internal import Tensors

extension Tracer {
  /// Traces one node.
  mutating func trace(_ node: ONNXNode) throws {
    switch node.operation {
    case "Constant":
      try set(.constant(Literal(try node.constantValue(), name: node.outputs.first ?? "")))
    case "Identity", "Dropout", "Cast", "CastLike": try set(try cast(node, try required(0)))
    case "Shape", "Size", "ConstantOfShape", "Range": try traceShape(node)
    case "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split", "Gather",
      "Expand", "Tile", "GatherND", "ScatterND",
      "ScatterElements", "Pad":
      try traceMovement(node)
    case "Concat": try traceConcatenation(node)
    case "Add", "Sub", "Mul", "Div", "Pow", "Equal", "Greater", "Less", "GreaterOrEqual",
      "LessOrEqual", "And", "Or", "Mod":
      try traceBinary(node)
    case "Min", "Max": try traceExtreme(node)
    case "Sqrt", "Erf", "Relu", "Reciprocal", "Neg", "Floor", "Ceil", "Not", "IsNaN", "Tanh",
      "Sigmoid", "Exp", "Abs", "Log", "Sin", "Cos":
      try traceFunction(node)
    case "Where": try traceChoice()
    case "Conv": try traceConvolution()
    case "BatchNormalization": try traceBatchNorm()
    case "LayerNormalization": try traceLayerNorm()
    case "RMSNormalization": try traceRMSNorm()
    case "MatMul": try traceProduct()
    case "Gemm": try traceGemm()
    case "Softmax", "LogSoftmax": try traceSoftmax(node)
    case "Resize": try traceResize(node)
    case "ReduceMean", "ReduceMax", "ReduceSum", "ReduceProd": try traceReduction(node)
    case "Gelu", "FastGelu", "QuickGelu", "Swish": try traceActivation(node)
    case "Attention": try traceAttention(node)
    case "If": try traceBranch(node)
    default:
      throw fail("an operator that a ViT needs", node.qualifiedOperation)
    }
  }

  /// Element types do not matter to terms; constants become what the type can hold.
  private mutating func cast(_ node: ONNXNode, _ value: TracedValue) throws -> TracedValue {
    guard node.operation == "Cast" || node.operation == "CastLike" else { return value }
    let type: DType?
    if node.operation == "CastLike" {
      guard case .constant(let like) = try required(1) else { return value }
      type = like.storage.dtype
    } else {
      type = ONNXDataType.dtype(Int32(clamping: try integer("to", default: 1)))
    }
    guard let type else { throw fail("a cast to a known type", "another") }
    switch value {
    case .data(let view):
      guard type.isFloatingPoint else { throw fail("a cast to floats", "one to \(type.rawValue)") }
      return .data(try floats(of: view))
    case .constant(let literal):
      let isHalf = type == .float16 || type == .bfloat16
      guard type != literal.storage.dtype,
        isHalf || !type.isFloatingPoint || literal.isInteger,
        let numbers = literal.numbers()
      else { return value }
      return .constant(
        try computed(
          try numbers.map { try number($0, as: type) }, shape: literal.shape,
          isInteger: !type.isFloatingPoint))
    }
  }

  /// What a number becomes as an element of a type; a number that an integer type does not have is refused,
  /// since runtimes differ in what they make of it.
  private func number(_ number: Double, as type: DType) throws -> Double {
    if type == .float16 { return Double(Float16(number)) }
    if type == .bfloat16 {
      let bits = Float(number).bitPattern
      // To the nearest, a tie to the even one.
      let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
      return number.isFinite ? Double(Float(bitPattern: rounded & 0xFFFF_0000)) : number
    }
    if type.isFloatingPoint { return number }
    if type == .bool { return number != 0 ? 1 : 0 }
    let whole = number.rounded(.towardZero)
    let fits =
      switch type {
      case .int8: Int8(exactly: whole) != nil
      case .int16: Int16(exactly: whole) != nil
      case .int32: Int32(exactly: whole) != nil
      case .uint8: UInt8(exactly: whole) != nil
      case .uint16: UInt16(exactly: whole) != nil
      case .uint32: UInt32(exactly: whole) != nil
      case .uint64: UInt64(exactly: whole) != nil
      default: Int64(exactly: whole) != nil
      }
    guard fits else { throw fail("numbers that \(type.rawValue) has", "\(number)") }
    return whole
  }

  /// Samples as the numbers that they are; all else as it is.
  private mutating func floats(of view: TermView) throws -> TermView {
    let term = terms[view.term]
    guard case .samples = term.kind else { return view }
    guard view.factor == 1 else { throw fail("samples from 0 to 255", "arithmetic on integers") }
    let image = try self.term(.image, shape: term.shape)
    return TermView(term: image.term, layout: view.layout)
  }
}
